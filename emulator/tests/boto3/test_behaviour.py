"""What boto3 users do, against the rules of AWS."""

import time
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from conftest import ACCOUNT, REGION, admin, client, raw

CHANNEL = f"arn:aws:ivs:{REGION}:{ACCOUNT}:channel/Ab12Cd34Ef56"
ROOM = f"arn:aws:ivschat:{REGION}:{ACCOUNT}:room/Ab12Cd34Ef56"


def refused(call, error, status, /, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (error, status)
    assert answer["ResponseMetadata"]["RequestId"]
    return answer


def eventually(condition, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (value := condition()) is not None:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def output_members(client, operation, *path):
    shape = client.meta.service_model.operation_model(operation).output_shape
    for name in path:
        shape = shape.members[name]
    return set(shape.members)


def test_channel_life(ivs):
    created = ivs.create_channel(name="demo", tags={"ivs-operator.dev/uid": "7 ắ"})
    channel, key = created["channel"], created["streamKey"]
    assert set(channel) == output_members(ivs, "CreateChannel", "channel")
    assert set(key) == output_members(ivs, "CreateChannel", "streamKey")
    assert (channel["type"], channel["latencyMode"], channel["preset"]) == ("STANDARD", "LOW", "")
    assert key["tags"] == {}
    arn = channel["arn"]
    assert ivs.get_channel(arn=arn)["channel"] == channel
    other = ivs.create_channel(name="demo")["channel"]["arn"]
    assert other != arn
    batch = ivs.batch_get_channel(arns=[other, CHANNEL, arn, arn])
    assert [found["arn"] for found in batch["channels"]] == [other, arn]
    assert [(error["arn"], error["code"]) for error in batch["errors"]] == [(CHANNEL, "404")]
    [summary] = ivs.list_channels(filterByName="demo", maxResults=1)["channels"]
    assert summary["arn"] == arn
    updated = ivs.update_channel(arn=arn, name="renamed")["channel"]
    assert updated == channel | {"name": "renamed"}
    answer = ivs.delete_channel(arn=arn)["ResponseMetadata"]
    assert (answer["HTTPStatusCode"], answer["HTTPHeaders"].get("content-length", "0")) == (204, "0")
    refused(ivs.delete_channel, "ResourceNotFoundException", 404, arn=arn)
    refused(ivs.get_stream_key, "ResourceNotFoundException", 404, arn=key["arn"])


def test_summaries_have_the_models_members(ivs, chat):
    arn = ivs.create_channel()["channel"]["arn"]
    room = chat.create_room(messageReviewHandler={"uri": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"})
    admin("PUT", f"streams/{arn.split('/')[1]}", {"viewerCount": 3})
    for service, operation, answer, member in (
        (ivs, "ListChannels", ivs.list_channels(), "channels"),
        (ivs, "ListStreamKeys", ivs.list_stream_keys(channelArn=arn), "streamKeys"),
        (ivs, "ListStreams", ivs.list_streams(), "streams"),
        (chat, "ListRooms", chat.list_rooms(), "rooms"),
    ):
        model = service.meta.service_model.operation_model(operation).output_shape.members[member].member
        assert set(answer[member][0]) == set(model.members), operation
    assert set(ivs.get_stream(channelArn=arn)["stream"]) == output_members(ivs, "GetStream", "stream")
    assert set(chat.get_room(identifier=room["arn"])) - {"ResponseMetadata"} == output_members(chat, "GetRoom")


def test_stream_keys(ivs):
    created = ivs.create_channel()
    arn, key = created["channel"]["arn"], created["streamKey"]
    quota = refused(ivs.create_stream_key, "ServiceQuotaExceededException", 402, channelArn=arn)
    assert quota["exceptionMessage"] == quota["Error"]["Message"]
    assert ivs.get_stream_key(arn=key["arn"])["streamKey"]["value"] == key["value"]
    assert "value" not in ivs.list_stream_keys(channelArn=arn)["streamKeys"][0]
    ivs.delete_stream_key(arn=key["arn"])
    assert ivs.list_stream_keys(channelArn=arn)["streamKeys"] == []
    new = ivs.create_stream_key(channelArn=arn, tags={"a": "b"})["streamKey"]
    assert (new["arn"] != key["arn"], new["tags"]) == (True, {"a": "b"})


def test_pages(ivs, chat):
    channels = {ivs.create_channel(name=f"c{n}")["channel"]["arn"] for n in range(7)}
    pages = list(ivs.get_paginator("list_channels").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["channels"]) for page in pages] == [3, 3, 1]
    assert "nextToken" not in pages[-1]
    assert {channel["arn"] for page in pages for channel in page["channels"]} == channels
    refused(ivs.list_channels, "ValidationException", 400, nextToken="tampered")
    refused(ivs.list_streams, "ValidationException", 400, nextToken=pages[0]["nextToken"])
    rooms = [chat.create_room(name=f"r{n}")["arn"] for n in range(3)]
    chat.update_room(identifier=rooms[0], maximumMessageLength=1)
    listed, token = [], ""
    while token is not None:
        page = chat.list_rooms(maxResults=2, nextToken=token)
        listed += [room["arn"] for room in page["rooms"]]
        token = page.get("nextToken")
    assert listed == [rooms[0], rooms[2], rooms[1]]


def test_two_filters_are_a_conflict(ivs):
    policy = f"arn:aws:ivs:{REGION}:{ACCOUNT}:playback-restriction-policy/Ab12"
    both = {"filterByName": "a", "filterByPlaybackRestrictionPolicyArn": policy}
    refused(ivs.list_channels, "ConflictException", 409, **both)
    assert ivs.list_channels(filterByName="", filterByPlaybackRestrictionPolicyArn=policy)["channels"] == []


def test_live_rules(ivs):
    admin("PUT", "settings", {"stopDelayMs": 300})
    arn = ivs.create_channel()["channel"]["arn"]
    offline = refused(ivs.get_stream, "ChannelNotBroadcasting", 404, channelArn=arn)
    assert offline["Error"]["Message"] == f"Channel: {arn} is not currently online"
    refused(ivs.get_stream, "ResourceNotFoundException", 404, channelArn=CHANNEL)
    refused(ivs.stop_stream, "ChannelNotBroadcasting", 404, channelArn=arn)
    admin("PUT", f"streams/{arn.split('/')[1]}", {"health": "STARVING", "viewerCount": 5})
    stream = ivs.get_stream(channelArn=arn)["stream"]
    assert (stream["state"], stream["health"], stream["viewerCount"]) == ("LIVE", "STARVING", 5)
    assert ivs.list_streams(filterBy={"health": "HEALTHY"})["streams"] == []
    assert len(ivs.list_streams(filterBy={"health": "STARVING"})["streams"]) == 1
    refused(ivs.update_channel, "ConflictException", 409, arn=arn, name="x")
    refused(ivs.delete_channel, "ConflictException", 409, arn=arn)
    ivs.stop_stream(channelArn=arn)
    refused(ivs.delete_channel, "ConflictException", 409, arn=arn)

    def ended():
        try:
            ivs.get_stream(channelArn=arn)
        except ivs.exceptions.ChannelNotBroadcasting:
            return True

    eventually(ended)
    ivs.delete_channel(arn=arn)


def test_tags_of_both_services(ivs, chat):
    created = ivs.create_channel(tags={"a": "1"})
    room = chat.create_room(tags={"a": "1"})["arn"]
    for service, arn in ((ivs, created["channel"]["arn"]), (ivs, created["streamKey"]["arn"]), (chat, room)):
        service.tag_resource(resourceArn=arn, tags={"a": "2", "b c/d": "ü"})
        assert service.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "2", "b c/d": "ü"}
        service.untag_resource(resourceArn=arn, tagKeys=["b c/d", "absent"])
        assert service.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "2"}
        refused(service.tag_resource, "ValidationException", 400, resourceArn=arn, tags={"aws:x": "y"})
        many = {f"k{n}": "" for n in range(50)}
        refused(service.tag_resource, "ValidationException", 400, resourceArn=arn, tags=many)
    for service, arn in ((ivs, CHANNEL), (chat, ROOM)):
        refused(service.list_tags_for_resource, "ResourceNotFoundException", 404, resourceArn=arn)


def test_room_life(chat):
    room = chat.create_room(name="demo", tags={"a": "b"})
    assert (room["maximumMessageLength"], room["maximumMessageRatePerSecond"]) == (500, 10)
    assert "messageReviewHandler" not in room
    uri = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:review"
    updated = chat.update_room(identifier=room["arn"], messageReviewHandler={"uri": uri})
    assert updated["messageReviewHandler"] == {"uri": uri, "fallbackResult": "ALLOW"}
    assert updated["updateTime"] >= room["updateTime"]
    assert [found["arn"] for found in chat.list_rooms(messageReviewHandlerUri=uri, name="demo")["rooms"]] == [room["arn"]]
    assert chat.list_rooms(messageReviewHandlerUri=uri, name="other")["rooms"] == []
    assert "messageReviewHandler" not in chat.update_room(identifier=room["arn"], messageReviewHandler={"uri": ""})
    assert chat.delete_room(identifier=room["arn"])["ResponseMetadata"]["HTTPStatusCode"] == 204
    gone = refused(chat.delete_room, "ResourceNotFoundException", 404, identifier=room["arn"])
    assert (gone["resourceId"], gone["resourceType"]) == (room["id"], "ROOM")
    malformed = refused(chat.get_room, "ValidationException", 400, identifier=room["id"])
    assert malformed["Error"]["Message"] == ""


def test_chat_tokens(chat):
    room = chat.create_room()["arn"]
    token = chat.create_chat_token(
        roomIdentifier=room, userId="ng\u01b0\u1eddi", capabilities=["SEND_MESSAGE"], sessionDurationInMinutes=180
    )
    assert token["sessionExpirationTime"] - token["tokenExpirationTime"] == timedelta(minutes=179)
    again = chat.create_chat_token(roomIdentifier=room, userId="u", attributes={"k": "v" * 1023})
    assert again["token"] != token["token"]
    refused(
        chat.create_chat_token, "ValidationException", 400, roomIdentifier=room, userId="u", attributes={"k": "v" * 1024}
    )
    refused(chat.create_chat_token, "ResourceNotFoundException", 404, roomIdentifier=ROOM, userId="u")
    calls = admin("GET", "calls?operation=CreateChatToken")["calls"]
    assert calls[0]["chatToken"]["userId"] == "ng\u01b0\u1eddi"
    assert token["token"] not in str(admin("GET", "state")) + str(calls)


def test_regions_do_not_see_each_other(ivs):
    arn = ivs.create_channel()["channel"]["arn"]
    elsewhere = client("ivs", "us-west-2")
    assert elsewhere.list_channels()["channels"] == []
    refused(elsewhere.get_channel, "ResourceNotFoundException", 404, arn=arn)


def test_a_lost_answer_leaves_a_twin_when_the_client_retries(ivs):
    admin("PUT", "faults", {"faults": [{"id": "lost", "operation": "CreateChannel", "effect": "dropAfter", "nth": 1}]})
    with pytest.raises(HTTPClientError):
        ivs.create_channel(name="lost")
    client("ivs", attempts=3).create_channel(name="kept")
    admin("PUT", "faults", {"faults": [{"operation": "CreateChannel", "effect": "error500After", "nth": 1}]})
    client("ivs", attempts=3).create_channel(name="twin")
    names = [channel["name"] for channel in ivs.list_channels()["channels"]]
    assert sorted(names) == ["kept", "lost", "twin", "twin"]


def test_throttling_and_refusals(ivs):
    admin("PUT", "settings", {"quotas": {"callRates": True, "callRateFactor": 0.2}})

    def throttled():
        try:
            ivs.list_channels()
        except ivs.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    assert eventually(throttled) == "ThrottlingException"
    admin("PUT", "settings", {"quotas": {"callRates": False}, "denyOperations": ["ivs:CreateChannel"]})
    denied = refused(ivs.create_channel, "AccessDeniedException", 403)
    assert "is not authorized to perform: ivs:CreateChannel on resource: " in denied["Error"]["Message"]


def test_what_is_not_an_aws_request():
    for body, error in (([], "ValidationException"), ("x" * 1048577, "RequestEntityTooLargeException")):
        assert raw("ivs", "POST", "/CreateChannel", body).error == error
    assert raw("s3", "POST", "/CreateChannel", {}).error == "IncompleteSignature"

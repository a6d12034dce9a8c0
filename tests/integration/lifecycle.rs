//! The main job: created, changed, live.

use std::time::Duration;

use kube::ResourceExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{
    self, channel_arn, condition, eventually, is_live, is_observed, is_ready, live, message, room_arn,
};

#[tokio::test]
async fn a_live_stream_becomes_channel_room_secret_and_record() {
    let world = world::shared().await;
    let space = world.namespace("create").await;
    let object = space
        .ready(
            "keynote",
            json!({"title": "Keynote", "tags": {"team": "x"}, "access": {"owners": [{"user": "alice"}]}}),
        )
        .await;
    let uid = object.uid().unwrap();

    let (channels, rooms) = (space.channels().await, space.rooms().await);
    assert_eq!((channels.len(), rooms.len()), (1, 1));
    for resource in [&channels[0], &rooms[0]] {
        let tags = &resource["tags"];
        assert_eq!(tags["ivs-operator.dev/namespace"], space.name);
        assert_eq!(tags["ivs-operator.dev/name"], "keynote");
        assert_eq!(tags["ivs-operator.dev/uid"], uid);
        assert!(
            tags["ivs-operator.dev/cluster"]
                .as_str()
                .is_some_and(|id| !id.is_empty())
        );
        assert_eq!(tags["team"], "x");
    }
    assert_eq!(channels[0]["arn"], channel_arn(&object));
    assert_eq!(rooms[0]["arn"], room_arn(&object));
    assert_eq!(rooms[0]["maximumMessageLength"], 500);

    let status = object.status.clone().unwrap();
    let ingest = status.ingest.unwrap();
    let secret = space.secrets().get(&ingest.secret_name.unwrap()).await.unwrap();
    let data = |key: &str| String::from_utf8(secret.data.as_ref().unwrap()[key].0.clone()).unwrap();
    assert_eq!(
        data("streamKey"),
        channels[0]["streamKeys"][0]["value"].as_str().unwrap()
    );
    assert_eq!(data("ingestServer"), ingest.server);
    assert_eq!(
        data("ingestUrl"),
        format!("{}{}", ingest.server, data("streamKey"))
    );
    assert!(data("srtUrl").contains(&data("streamKey")) && data("srtUrl").contains(&data("srtPassphrase")));
    assert_eq!(secret.owner_references()[0].uid, uid);

    let record = world.record(&uid).await.expect("a record");
    let text = |key: &str| record[key].as_s().unwrap().clone();
    assert_eq!(text("channelArn"), channel_arn(&object));
    assert_eq!(text("chatRoomArn"), room_arn(&object));
    assert_eq!(text("playbackUrl"), status.channel.unwrap().playback_url);
    assert_eq!(record["owners"].as_l().unwrap()[0].as_s().unwrap(), "user:alice");

    eventually("events tell", async || {
        let events = space.events("keynote").await;
        let wanted = ["ChannelCreated", "RoomCreated", "StreamKeyPublished"];
        if wanted.iter().all(|reason| events.contains(*reason)) {
            Ok(())
        } else {
            Err(format!("{events:?}"))
        }
    })
    .await;
    // The key is nowhere but in the Secret.
    let told = serde_json::to_string(&object).unwrap() + &world.controller_log();
    assert!(!told.contains(&data("streamKey")) && !told.contains(&data("srtPassphrase")));
}

#[tokio::test]
async fn a_creation_takes_two_mutations_and_three_writes() {
    let world = world::own("cost").await;
    let space = world.namespace("cost").await;
    let (seq, audit) = (world.last_call().await, world.env.audit_log_path());
    let before = std::fs::read_to_string(&audit).unwrap().len();
    space.ready("a", json!({})).await;
    let (calls, _) = world.calls_since(seq).await;
    let mutations: Vec<_> = calls
        .iter()
        .filter(|call| call["mutation"] == true)
        .map(|call| call["operation"].clone())
        .collect();
    assert_eq!(mutations.len(), 2, "{mutations:?}");
    let writes = crate::steady::settled_writes(&audit, before).await;
    assert_eq!(
        writes.len(),
        3,
        "finalizer and intent, Secret, status: {writes:#?}"
    );
    let before = std::fs::read_to_string(&audit).unwrap().len();
    space.delete("a").await;
    let writes = crate::steady::settled_writes(&audit, before).await;
    assert_eq!(writes.len(), 2, "Secret and finalizer: {writes:#?}");
}

#[tokio::test]
async fn every_mutable_field_reaches_aws() {
    let world = world::shared().await;
    let space = world.namespace("edit").await;
    world
        .emulator(Method::PUT, "settings", Some(&json!({"references": "Accept"})))
        .await;
    let first = space.ready("a", json!({})).await;
    let reference = |kind: &str| format!("arn:aws:ivs:us-east-1:123456789012:{kind}/a");
    let logging = "arn:aws:ivschat:us-east-1:123456789012:logging-configuration/a";
    let lambda = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let steps: Vec<(Value, Value, Value)> = vec![
        (
            json!({"channel": {"type": "BASIC", "latencyMode": "NORMAL", "insecureIngest": true}}),
            json!({"type": "BASIC", "latencyMode": "NORMAL", "insecureIngest": true}),
            json!({}),
        ),
        (
            json!({"channel": {"type": "ADVANCED_HD", "preset": "CONSTRAINED_BANDWIDTH_DELIVERY"}}),
            json!({"type": "ADVANCED_HD", "preset": "CONSTRAINED_BANDWIDTH_DELIVERY"}),
            json!({}),
        ),
        (
            json!({"channel": {"type": "STANDARD", "preset": null, "containerFormat": "FRAGMENTED_MP4",
            "multitrackInput": {"enabled": true, "policy": "REQUIRE", "maximumResolution": "HD"}}}),
            json!({"containerFormat": "FRAGMENTED_MP4",
                "multitrackInputConfiguration": {"enabled": true, "policy": "REQUIRE", "maximumResolution": "HD"}}),
            json!({}),
        ),
        (
            json!({"playback": {"access": "Private"}}),
            json!({"authorized": true}),
            json!({}),
        ),
        (
            json!({"channel": {
            "recordingConfigurationArn": reference("recording-configuration"),
            "playbackRestrictionPolicyArn": reference("playback-restriction-policy"),
            "adConfigurationArn": reference("ad-configuration"),
            "failoverSlateConfigurationArn": reference("failover-slate-configuration")}}),
            json!({"recordingConfigurationArn": reference("recording-configuration"),
                "playbackRestrictionPolicyArn": reference("playback-restriction-policy"),
                "adConfigurationArn": reference("ad-configuration"),
                "failoverSlateConfigurationArn": reference("failover-slate-configuration")}),
            json!({}),
        ),
        (
            json!({"channel": {"recordingConfigurationArn": null, "adConfigurationArn": null,
            "playbackRestrictionPolicyArn": null, "failoverSlateConfigurationArn": null}}),
            json!({"recordingConfigurationArn": "", "adConfigurationArn": "", "playbackRestrictionPolicyArn": "",
                "failoverSlateConfigurationArn": ""}),
            json!({}),
        ),
        (
            json!({"chat": {"maximumMessageLength": 100, "maximumMessageRatePerSecond": 5}}),
            json!({}),
            json!({"maximumMessageLength": 100, "maximumMessageRatePerSecond": 5}),
        ),
        (
            json!({"chat": {"reviewHandler": {"lambdaArn": lambda, "fallback": "DENY"}, "loggingConfigurationArns": [logging]}}),
            json!({}),
            json!({"messageReviewHandler": {"uri": lambda, "fallbackResult": "DENY"},
                "loggingConfigurationIdentifiers": [logging]}),
        ),
        (
            json!({"chat": {"reviewHandler": null, "loggingConfigurationArns": null}}),
            json!({}),
            json!({"loggingConfigurationIdentifiers": []}),
        ),
        (json!({"tags": {"team": "x", "cost": "7"}}), json!({}), json!({})),
    ];
    for (change, channel, room) in steps {
        let object = space.patch("a", json!({"spec": change})).await;
        let object = space
            .until("a", |now| {
                now.metadata.generation == object.metadata.generation && is_ready(now)
            })
            .await;
        assert_eq!(channel_arn(&object), channel_arn(&first), "the same channel");
        for (resources, expected) in [(space.channels().await, channel), (space.rooms().await, room)] {
            for (member, value) in expected.as_object().unwrap() {
                assert_eq!(
                    resources[0][member], *value,
                    "{member} after {change}: {}",
                    resources[0]
                );
            }
        }
    }
    assert!(
        space.rooms().await[0]
            .get("messageReviewHandler")
            .is_none_or(Value::is_null),
        "taken back"
    );
    let tags = |resource: &Value| (resource["tags"]["team"].clone(), resource["tags"]["cost"].clone());
    assert_eq!(tags(&space.channels().await[0]), (json!("x"), json!("7")));
    space
        .patch("a", json!({"spec": {"tags": {"team": "y", "cost": null}}}))
        .await;
    space.until("a", is_ready).await;
    for resource in [&space.channels().await[0], &space.rooms().await[0]] {
        assert_eq!(tags(resource), (json!("y"), Value::Null));
    }
    // Access and titles are ours alone.
    let object = space.patch("a", json!({"spec": {"title": "New"}})).await;
    eventually("the record follows", async || {
        let record = world.record(&object.uid().unwrap()).await.unwrap();
        let title = record.get("title").and_then(|title| title.as_s().ok()).cloned();
        if title.as_deref() == Some("New") {
            Ok(())
        } else {
            Err(format!("{title:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn chat_comes_and_goes() {
    let world = world::shared().await;
    let space = world.namespace("chat").await;
    let object = space.ready("a", json!({"chat": {"enabled": false}})).await;
    assert_eq!(space.rooms().await, Vec::<Value>::new());
    assert_eq!(
        condition(&object, "ChatSynced").unwrap(),
        ("True".into(), "Disabled".into())
    );
    for enabled in [true, false, true] {
        space
            .patch("a", json!({"spec": {"chat": {"enabled": enabled}}}))
            .await;
        let object = space.until("a", is_ready).await;
        assert_eq!(object.status.unwrap().chat.is_some(), enabled);
        assert_eq!(space.rooms().await.len(), usize::from(enabled));
    }
}

#[tokio::test]
async fn a_change_while_live_waits_for_the_end_of_the_stream() {
    let world = world::shared().await;
    let space = world.namespace("pending").await;
    let channel = channel_arn(&space.ready("a", json!({})).await);
    live(&space, &channel, true).await;
    let object = space.until("a", is_live).await;
    let stream = object.status.unwrap().stream.unwrap();
    assert_eq!(
        (stream.health.as_deref(), stream.viewers),
        (Some("HEALTHY"), Some(7))
    );

    space
        .patch(
            "a",
            json!({"spec": {"channel": {"type": "BASIC"}, "chat": {"maximumMessageLength": 9}}}),
        )
        .await;
    let waits = |object: &_| {
        is_observed(object) && condition(object, "Reconciling").is_some_and(|(_, why)| why == "ChannelLive")
    };
    let object = space.until("a", waits).await;
    assert!(
        message(&object, "Ready").contains("when the running stream ends"),
        "{}",
        message(&object, "Ready")
    );
    assert_eq!(
        condition(&object, "ChatSynced").unwrap().0,
        "True",
        "the room does not wait for the channel"
    );
    assert_eq!(space.rooms().await[0]["maximumMessageLength"], 9);
    assert_eq!(space.channels().await[0]["type"], "STANDARD");

    live(&space, &channel, false).await;
    space.until("a", is_ready).await;
    assert_eq!(space.channels().await[0]["type"], "BASIC");
    let events = space.events("a").await;
    assert!(
        events.contains("StreamLive") && events.contains("StreamEnded"),
        "{events:?}"
    );
}

#[tokio::test]
async fn the_key_is_rotated_on_request_and_repaired() {
    let world = world::shared().await;
    let space = world.namespace("rotate").await;
    let key = async || {
        let secret = space.secrets().get("a-stream-key").await.unwrap();
        String::from_utf8(secret.data.unwrap()["streamKey"].0.clone()).unwrap()
    };
    let in_aws = async || {
        space.channels().await[0]["streamKeys"][0]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let follows = async |before: &str| {
        eventually("the Secret has a new valid key", async || {
            let (secret, aws) = (key().await, in_aws().await);
            if secret == aws && secret != before {
                Ok(())
            } else {
                Err(format!("{} {}", secret == aws, secret == before))
            }
        })
        .await;
    };
    space.ready("a", json!({})).await;
    let first = key().await;
    space
        .patch(
            "a",
            json!({"metadata": {"annotations": {"ivs-operator.dev/rotate-stream-key": "1"}}}),
        )
        .await;
    follows(&first).await;
    let handled = |object: &ivs_operator::crd::LiveStream| {
        object.status.as_ref().unwrap().last_handled_rotation.as_deref() == Some("1")
    };
    space.until("a", handled).await;

    // Deleted in AWS by hand.
    let second = key().await;
    let ivs = aws_sdk_ivs::Client::new(&world.aws().await);
    let arn = space.channels().await[0]["streamKeys"][0]["arn"]
        .as_str()
        .unwrap()
        .to_owned();
    ivs.delete_stream_key().arn(arn).send().await.unwrap();
    follows(&second).await;

    // Changed in the cluster by hand, or deleted there.
    let third = key().await;
    let garbled = json!({"stringData": {"streamKey": "garbled"}});
    let parameters = kube::api::PatchParams::default();
    space
        .secrets()
        .patch("a-stream-key", &parameters, &kube::api::Patch::Merge(garbled))
        .await
        .unwrap();
    eventually("the Secret is mended", async || {
        if key().await == third {
            Ok(())
        } else {
            Err("garbled")
        }
    })
    .await;
    space
        .secrets()
        .delete("a-stream-key", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    eventually("the Secret is back", async || {
        let secret = space.secrets().get_opt("a-stream-key").await.unwrap();
        if secret.is_some() { Ok(()) } else { Err("gone") }
    })
    .await;
    // And under another name.
    space
        .patch("a", json!({"spec": {"streamKey": {"secretName": "other"}}}))
        .await;
    eventually("the Secret has moved", async || {
        let (old, new) = (
            space.secrets().get_opt("a-stream-key").await.unwrap(),
            space.secrets().get_opt("other").await.unwrap(),
        );
        if old.is_none() && new.is_some() {
            Ok(())
        } else {
            Err(format!("{} {}", old.is_some(), new.is_some()))
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_changed_in_aws_by_hand_is_put_back() {
    let world = world::shared().await;
    let space = world.namespace("drift").await;
    let object = space.ready("a", json!({})).await;
    let aws = world.aws().await;
    let (ivs, chat) = (aws_sdk_ivs::Client::new(&aws), aws_sdk_ivschat::Client::new(&aws));
    let (channel, room) = (channel_arn(&object), room_arn(&object));
    ivs.update_channel()
        .arn(&channel)
        .latency_mode(aws_sdk_ivs::types::ChannelLatencyMode::NormalLatency)
        .container_format(aws_sdk_ivs::types::ContainerFormat::FragmentedMp4)
        .send()
        .await
        .unwrap();
    ivs.untag_resource()
        .resource_arn(&channel)
        .tag_keys("ivs-operator.dev/uid")
        .send()
        .await
        .unwrap();
    ivs.tag_resource()
        .resource_arn(&channel)
        .tags("mine", "stays")
        .send()
        .await
        .unwrap();
    chat.update_room()
        .identifier(&room)
        .maximum_message_length(1)
        .send()
        .await
        .unwrap();
    eventually("all is as it was", async || {
        let (channel, room) = (space.channels().await.remove(0), space.rooms().await.remove(0));
        let seen = json!([
            channel["latencyMode"],
            channel["containerFormat"],
            channel["tags"]["ivs-operator.dev/uid"],
            channel["tags"]["mine"],
            room["maximumMessageLength"],
        ]);
        if seen == json!(["LOW", "TS", object.uid(), "stays", 500]) {
            Ok(())
        } else {
            Err(seen.to_string())
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_in_aws_by_hand_is_made_again() {
    let world = world::shared().await;
    let space = world.namespace("gone").await;
    let object = space.ready("a", json!({})).await;
    let aws = world.aws().await;
    aws_sdk_ivs::Client::new(&aws)
        .delete_channel()
        .arn(channel_arn(&object))
        .send()
        .await
        .unwrap();
    aws_sdk_ivschat::Client::new(&aws)
        .delete_room()
        .identifier(room_arn(&object))
        .send()
        .await
        .unwrap();
    let replaced = |now: &ivs_operator::crd::LiveStream| {
        let status = now.status.as_ref().unwrap();
        is_ready(now)
            && status
                .channel
                .as_ref()
                .is_some_and(|channel| channel.arn != channel_arn(&object))
            && status
                .chat
                .as_ref()
                .is_some_and(|chat| chat.arn != room_arn(&object))
    };
    space.until("a", replaced).await;
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (1, 1));
}

#[tokio::test]
async fn a_paused_object_is_left_alone_and_can_be_deleted() {
    let world = world::shared().await;
    let space = world.namespace("paused").await;
    let mut object = space.object("a", &json!({}));
    object.metadata.annotations = Some([("ivs-operator.dev/paused".to_owned(), "true".to_owned())].into());
    space
        .streams()
        .create(&kube::api::PostParams::default(), &object)
        .await
        .unwrap();
    let object = space
        .until("a", |object| {
            condition(object, "Reconciling").is_some_and(|(_, why)| why == "Paused")
        })
        .await;
    assert!(!is_ready(&object));
    assert_eq!(space.channels().await.len(), 0);
    space
        .patch(
            "a",
            json!({"metadata": {"annotations": {"ivs-operator.dev/paused": null}}}),
        )
        .await;
    space.until("a", is_ready).await;
    space
        .patch(
            "a",
            json!({"metadata": {"annotations": {"ivs-operator.dev/paused": "true"}}}),
        )
        .await;
    space.delete("a").await;
    assert_eq!(space.channels().await.len(), 0);
}

#[tokio::test]
async fn a_request_to_reconcile_is_echoed() {
    let world = world::shared().await;
    let space = world.namespace("reconcile-at").await;
    space.ready("a", json!({})).await;
    space
        .patch(
            "a",
            json!({"metadata": {"annotations": {"ivs-operator.dev/reconcile-at": "now-1"}}}),
        )
        .await;
    let echoed = |object: &ivs_operator::crd::LiveStream| {
        object
            .status
            .as_ref()
            .unwrap()
            .last_handled_reconcile_at
            .as_deref()
            == Some("now-1")
    };
    space.until("a", echoed).await;
}

#[tokio::test]
async fn a_lost_answer_makes_no_twin() {
    let world = world::own("lost").await;
    let space = world.namespace("lost").await;
    world
        .fault(
            "channel",
            &json!({"operation": "CreateChannel", "nth": 1, "effect": "dropAfter"}),
        )
        .await;
    world
        .fault(
            "room",
            &json!({"operation": "CreateRoom", "nth": 1, "effect": "error500After"}),
        )
        .await;
    world
        .emulator(Method::PUT, "settings", Some(&json!({"listLagMs": 1000})))
        .await;
    let begin = std::time::Instant::now();
    space.ready("a", json!({})).await;
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (1, 1));
    world
        .emulator(Method::PUT, "settings", Some(&json!({"listLagMs": 0})))
        .await;
    space.delete("a").await;
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (0, 0));
}

#[tokio::test]
async fn names_with_dots_and_63_characters_work() {
    let world = world::shared().await;
    let space = world.namespace("names").await;
    for name in ["a.b.c", &"x".repeat(63)] {
        space.ready(name, json!({})).await;
        space.delete(name).await;
    }
}

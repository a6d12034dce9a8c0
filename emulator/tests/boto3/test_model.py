"""Every limit of the service models, broken one at a time and just kept, for every operation the emulator has.

The cases are made from botocore's own models, so no member can be forgotten.
"""

import re

import botocore.session
import pytest
from conftest import ACCOUNT, REGION, admin, call, raw

SERVICES = ("ivs", "ivschat")

# The models' pattern of ResourceArn allows one letter as resource type and would refuse every real ARN.
SLIP, MEANT = "[a-z-]/", "[a-z-]+/"

# Members that need another one beside them.
COMPANIONS = {"preset": {"type": "ADVANCED_HD"}}

# Well-formed, but never given out by the server: refused for another reason than their form.
OPAQUE = {"nextToken"}


def arn(service, kind):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/Ab12Cd34Ef56"


SAMPLES = [
    "a",
    arn("ivs", "channel"),
    arn("ivs", "stream-key"),
    arn("ivs", "recording-configuration"),
    arn("ivs", "playback-restriction-policy"),
    arn("ivs", "ad-configuration"),
    arn("ivs", "failover-slate-configuration"),
    arn("ivschat", "room"),
    arn("ivschat", "logging-configuration"),
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:review",
]
BAD_TEXTS = ["#", "a b!", "ä§", "arn:aws:s3:::bucket", "arn:aws:ivs:EU:1:channel/a"]


def models():
    session = botocore.session.get_session()
    return {service: session.get_service_model(service) for service in SERVICES}


MODELS = models()


def implemented():
    names = admin("GET", "health")["operations"]
    return [tuple(name.split(":")) for name in names]


def pattern(shape):
    text = shape.metadata.get("pattern")
    if text is None:
        return None
    for name, letters in ((SLIP, MEANT), (r"\p{L}", "a-zA-Z"), (r"\p{Z}", " "), (r"\p{N}", "0-9")):
        text = text.replace(name, letters)
    return re.compile(text)


def fits(shape, text):
    limits = shape.metadata
    wanted = pattern(shape)
    return (
        limits.get("min", 0) <= len(text) <= limits.get("max", len(text))
        and (wanted is None or wanted.fullmatch(text))
        and (not shape.metadata.get("enum") or text in shape.metadata["enum"])
    )


def good(shape, service):
    """A small valid value."""
    if shape.type_name == "structure":
        return {name: good(shape.members[name], service) for name in shape.required_members}
    if shape.type_name == "list":
        return [good(shape.member, service)] * max(1, shape.metadata.get("min", 0))
    if shape.type_name == "map":
        return {good(shape.key, service): good(shape.value, service)}
    if shape.type_name == "string":
        if shape.metadata.get("enum"):
            return shape.metadata["enum"][0]
        return next(sample for sample in SAMPLES if fits(shape, sample))
    return {"integer": shape.metadata.get("min", 1), "long": 1, "boolean": True}[shape.type_name]


def text_of_length(shape, service, length):
    """A valid string of just this length, or nothing."""
    base = good(shape, service)
    text = base + "a" * (length - len(base)) if len(base) <= length else base[:length]
    return text if fits(shape, text) else None


def broken(shape, service):
    """Values that break one limit each, with what they break."""
    limits = shape.metadata
    kind = shape.type_name
    if kind == "string":
        yield "type", 7
        if "max" in limits:
            yield "max", "a" * (limits["max"] + 1)
        if limits.get("min", 0) > 0:
            yield "min", ""
        if limits.get("enum"):
            yield "enum", "NO_SUCH_VALUE"
        if wanted := pattern(shape):
            bad = [text for text in BAD_TEXTS if not wanted.fullmatch(text)]
            assert bad, f"no text breaks {shape.metadata['pattern']}"
            yield from (("pattern", text) for text in bad)
    elif kind in ("integer", "long"):
        yield "type", "seven"
        yield "type", 1.5
        if "max" in limits:
            yield "max", limits["max"] + 1
        if "min" in limits:
            yield "min", limits["min"] - 1
    elif kind == "boolean":
        yield "type", "true"
    elif kind == "list":
        yield "type", {}
        item = good(shape.member, service)
        if "max" in limits:
            yield "max", [item] * (limits["max"] + 1)
        if limits.get("min", 0) > 0:
            yield "min", []
        yield from ((f"item {what}", [value]) for what, value in broken(shape.member, service))
    elif kind == "map":
        yield "type", []
        key, value = good(shape.key, service), good(shape.value, service)
        if "max" in limits:
            yield "max", {f"{key}{n}": value for n in range(limits["max"] + 1)}
        for what, bad in broken(shape.key, service):
            if isinstance(bad, str):
                yield f"key {what}", {bad: value}
        yield from ((f"value {what}", {key: bad}) for what, bad in broken(shape.value, service))
    elif kind == "structure":
        yield "type", []
        for name, member in shape.members.items():
            yield from ((f"{name} {what}", {name: bad}) for what, bad in broken(member, service))
    else:
        raise AssertionError(f"{shape.name} has the unknown type {kind}")


def kept(shape, service):
    """Values that keep a limit just so."""
    limits = shape.metadata
    kind = shape.type_name
    if kind == "string":
        if limits.get("enum"):
            yield from limits["enum"]
        for length in {limits.get("min"), limits.get("max")} - {None}:
            text = text_of_length(shape, service, length)
            if text is not None:
                yield text
    elif kind in ("integer", "long"):
        yield from (limits[end] for end in ("min", "max") if end in limits)
    elif kind == "boolean":
        yield False
    elif kind == "list" and "max" in limits:
        yield [good(shape.member, service)] * limits["max"]
    elif kind == "map" and "max" in limits:
        yield {f"k{n}": good(shape.value, service) for n in range(limits["max"])}
        yield from ({key: "v"} for key in kept(shape.key, service))
        yield from ({"k": value} for value in kept(shape.value, service))
    elif kind == "structure":
        for name, member in shape.members.items():
            yield from ({name: value} for value in kept(member, service))


def in_path(operation, name):
    return name == "resourceArn" and operation in ("TagResource", "UntagResource", "ListTagsForResource")


def in_query(operation, name):
    return name == "tagKeys" and operation == "UntagResource"


def sendable(operation, name, value):
    """Whether the place of the member on the wire can carry a value of this type at all."""
    if in_path(operation, name):
        return isinstance(value, str) and value != ""
    if in_query(operation, name):
        return isinstance(value, list) and value != [] and all(isinstance(item, str) for item in value)
    return True


def cases(make, service, operations):
    for operation in sorted(operations):
        shape = MODELS[service].operation_model(operation).input_shape
        for name, member in shape.members.items():
            yield from make(service, operation, shape, name, member)


def broken_cases(service, operation, shape, name, member):
    if name in shape.required_members and not in_path(operation, name):
        yield operation, name, "required", None
    for what, value in broken(member, service):
        if sendable(operation, name, value):
            yield operation, name, what, value


def kept_cases(service, operation, shape, name, member):
    if name not in OPAQUE:
        for value in kept(member, service):
            if sendable(operation, name, value):
                yield operation, name, value


def request_with(service, operation, name, value):
    shape = MODELS[service].operation_model(operation).input_shape
    request = good(shape, service) | COMPANIONS.get(name, {}) | {name: value}
    return {name: value for name, value in request.items() if value is not None}


@pytest.mark.parametrize("service", SERVICES)
def test_every_broken_limit_is_a_validation_exception(service):
    here = {operation for of, operation in implemented() if of == service}
    wrong, tried = [], set()
    for operation, name, what, value in cases(broken_cases, service, here):
        tried.add((operation, name))
        answer = call(service, operation, request_with(service, operation, name, value))
        body = answer.body or {}
        fine = (answer.status, answer.error, body.get("__type")) == (400,) + ("ValidationException",) * 2
        if service == "ivs":
            fine = fine and body.get("exceptionMessage") == body.get("message") != ""
        else:
            named = [field["name"] for field in body.get("fieldList", [])]
            fine = fine and body.get("reason") == "FIELD_VALIDATION_FAILED"
            fine = fine and any(field.startswith(name) for field in named)
        if not fine:
            wrong.append((operation, name, what, repr(value)[:60], answer.status, body))
    assert not wrong, "\n".join(map(str, wrong))
    members = {
        (operation, name)
        for operation in here
        for name in MODELS[service].operation_model(operation).input_shape.members
    }
    assert members == tried, "members without a case"
    print(f"{service}: {len(tried)} members")


@pytest.mark.parametrize("service", SERVICES)
def test_every_limit_just_kept_is_accepted(service):
    here = {operation for of, operation in implemented() if of == service}
    refused = []
    for operation, name, value in cases(kept_cases, service, here):
        answer = call(service, operation, request_with(service, operation, name, value))
        if answer.error not in (None, "ResourceNotFoundException"):
            refused.append((operation, name, repr(value)[:60], answer.status, answer.body))
    assert not refused, "\n".join(map(str, refused))


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_the_model_is_known(service):
    here = {operation for of, operation in implemented() if of == service}
    names = set(MODELS[service].operation_names)
    assert here <= names
    for operation in names - here:
        answer = raw(service, "POST", f"/{operation}", {})
        assert (answer.status, answer.error) == (404, "UnknownOperationException"), operation
        assert "yet" in answer.body["message"], operation


@pytest.mark.parametrize("service", SERVICES)
def test_methods_and_paths_are_those_of_the_model(service):
    for of, operation in implemented():
        if of == service:
            http = MODELS[service].operation_model(operation).http
            tags = {"TagResource": "POST", "UntagResource": "DELETE", "ListTagsForResource": "GET"}
            expected = (tags.get(operation, "POST"), "/tags/{resourceArn}" if operation in tags else f"/{operation}")
            assert (http["method"], http["requestUri"]) == expected

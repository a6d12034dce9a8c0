"""A running emulator, named by EMULATOR_URL, with nothing in it at the start of each test."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

import boto3
import pytest
from botocore.config import Config

URL = os.environ.get("EMULATOR_URL", "")
REGION = "eu-west-1"
ACCOUNT = "123456789012"


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.error = headers.get("x-amzn-errortype")
        self.headers = headers
        self.body = json.loads(body) if body else None


def http(method, path, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def admin(method, path, body=None):
    answer = http(method, f"/_emulator/{path}", body)
    assert answer.status == 200, (answer.status, answer.body)
    return answer.body


def raw(service, method, path, body=None):
    """A call past botocore, which would refuse some of what the server has to refuse."""
    scope = f"{REGION}/{service}/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential=AKTEST/20260102/{scope}, SignedHeaders=host, Signature=00"
    return http(method, path, body, {"Authorization": authorization, "Content-Type": "application/json"})


def call(service, operation, request):
    """A raw call of any operation, by the members of its request."""
    if operation not in ("TagResource", "UntagResource", "ListTagsForResource"):
        return raw(service, "POST", f"/{operation}", request)
    members = dict(request)
    path = "/tags/" + urllib.parse.quote(str(members.pop("resourceArn", "")), safe="")
    if operation == "TagResource":
        return raw(service, "POST", path, members)
    if operation == "ListTagsForResource":
        return raw(service, "GET", path)
    query = urllib.parse.urlencode([("tagKeys", key) for key in members.get("tagKeys", [])])
    return raw(service, "DELETE", f"{path}?{query}" if query else path)


def client(service, region=REGION, attempts=1):
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=URL,
        aws_access_key_id="AKTEST",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": attempts}, connect_timeout=5, read_timeout=30),
    )


@pytest.fixture(autouse=True)
def empty():
    assert URL, "EMULATOR_URL is not set; run.sh sets it"
    admin("POST", "reset")


@pytest.fixture(scope="session")
def ivs():
    return client("ivs")


@pytest.fixture(scope="session")
def chat():
    return client("ivschat")

#!/usr/bin/env python3
"""Holds manifests/iam against the calls in src/aws: each is allowed, and nothing else is. Run in the checkout's root."""

import json
import pathlib
import re
import sys

# Made with --registry-create-table only, which is for development.
DEVELOPMENT = {"dynamodb:CreateTable", "dynamodb:UpdateTimeToLive"}
API = {"ivschat:CreateChatToken"}


def action(operation):
    """The IAM action of an operation of the limiter, which tells the tag operations of the two services apart."""
    if operation in ("TagRoom", "UntagRoom"):
        return "ivschat:" + operation.replace("Room", "Resource")
    service = "ivschat" if re.search("Room|Chat", operation) else "ivs"
    return f"{service}:{operation}"


def called():
    limiter = pathlib.Path("src/aws/limiter.rs").read_text()
    (block,) = re.findall(r"^operations! \{(.*?)^\}", limiter, re.DOTALL | re.MULTILINE)
    registry = pathlib.Path("src/aws/registry.rs").read_text()
    yield from map(action, re.findall(r"(\w+) = \d+", block))
    yield from (f"dynamodb:{operation}" for operation in re.findall(r'counted\("(\w+)"', registry))


def allowed(path):
    for statement in json.loads(pathlib.Path(path).read_text())["Statement"]:
        actions = statement["Action"]
        yield from [actions] if isinstance(actions, str) else actions


def main():
    wanted = set(called()) - DEVELOPMENT
    faults = []
    for path, calls in (("manifests/iam/controller.json", wanted - API), ("manifests/iam/api.json", API)):
        given = set(allowed(path))
        faults += [f"{path}: {call} is called and not allowed" for call in sorted(calls - given)]
        faults += [f"{path}: {call} is allowed and never called" for call in sorted(given - calls)]
    if len(wanted) < 20:
        faults.append(f"only {len(wanted)} calls found in src/aws: is it still written as this script reads it?")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()

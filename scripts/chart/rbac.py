#!/usr/bin/env python3
"""Refuses rendered roles with a wildcard, or with more than reading Secrets by name: rbac.py OBJECTS.json."""

import pathlib
import sys

from pods import objects


def faults(role):
    for rule in role["rules"]:
        everything = [*rule.get("apiGroups", []), *rule.get("resources", []), *rule["verbs"]]
        if any("*" in word for word in everything):
            yield f"wildcard in {rule}"
        for verb in {"list", "watch", "deletecollection"} & set(rule["verbs"]):
            if "secrets" in rule.get("resources", []):
                yield f"{verb} of secrets"


def main(source):
    roles = [o for o in objects(pathlib.Path(source).read_text()) if o["kind"] in ("Role", "ClusterRole")]
    found = [f"{role['kind']} {role['metadata']['name']}: {fault}" for role in roles for fault in faults(role)]
    if not roles:
        found = ["no role in it"]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

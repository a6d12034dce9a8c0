#!/usr/bin/env python3
"""Turns an apiserver's OpenAPI (v2) into the JSON schemas that kubeconform reads: schemas.py OPENAPI FOLDER.

One file per kind, named as kubeconform asks for it (kind-group-version.json), strict: a field that the schema does not
know is an error.
"""

import json
import pathlib
import sys

KINDS = "x-kubernetes-group-version-kind"


def strict(schema):
    """Refuses unknown fields wherever the schema lists the known ones."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
    return schema


def closure(name, definitions):
    """The definition and all that it refers to."""
    found, todo = {}, [name]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found[name] = definitions[name]
        text = json.dumps(definitions[name])
        todo.extend(part.split('"', 1)[0] for part in text.split('"#/definitions/')[1:])
    return found


def main(source, folder):
    definitions = strict(json.loads(pathlib.Path(source).read_text())["definitions"])
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, definition in definitions.items():
        kinds = definition.get(KINDS, [])
        # Option types are listed under every group; they are nobody's manifest.
        if len(kinds) != 1:
            continue
        kind = kinds[0]
        group = kind["group"].split(".")[0]
        suffix = f"-{group}-{kind['version']}" if group else f"-{kind['version']}"
        schema = {"$ref": f"#/definitions/{name}", "definitions": closure(name, definitions)}
        (folder / f"{kind['kind'].lower()}{suffix}.json").write_text(json.dumps(schema))


if __name__ == "__main__":
    main(*sys.argv[1:])

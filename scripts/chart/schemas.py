#!/usr/bin/env python3
"""Turns an apiserver's OpenAPI (v2) into the JSON schemas that kubeconform reads: schemas.py OPENAPI FOLDER.

One file a kind, named as kubeconform asks for it (kind-group-version.json), strict: a field that the schema does not
know is an error.
"""

import json
import pathlib
import sys


def strict(schema):
    """The schema, refusing unknown fields wherever it lists the known ones."""
    schema = dict(schema)
    # A map of names to schemas is no schema itself: a field may well be called "type" or "properties".
    if "properties" in schema:
        schema["properties"] = {name: strict(field) for name, field in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
    if isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = strict(schema["additionalProperties"])
    if "items" in schema:
        schema["items"] = strict(schema["items"])
    if schema.get("format") == "int-or-string":
        schema["type"] = ["integer", "string"]
    return schema


def references(value):
    """Names of the definitions that a schema refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix("#/definitions/")
        value = value.values()
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        for inner in value:
            yield from references(inner)


def closure(name, definitions):
    """The definition and all that it refers to."""
    found, todo = {}, [name]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = definitions[name]
            todo.extend(references(definitions[name]))
    return found


def main(source, folder):
    definitions = json.loads(pathlib.Path(source).read_text())["definitions"]
    definitions = {name: strict(definition) for name, definition in definitions.items()}
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, definition in definitions.items():
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        # Option types are listed under every group; they are nobody's manifest.
        if len(kinds) != 1:
            continue
        group, version, kind = (kinds[0][part] for part in ("group", "version", "kind"))
        file = "-".join(filter(None, [kind.lower(), group.split(".")[0], version])) + ".json"
        schema = {"$ref": f"#/definitions/{name}", "definitions": closure(name, definitions)}
        (folder / file).write_text(json.dumps(schema))


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/env python3
"""Writes docs/livestream.md: the CRD's schema as tables. Reads `ivs-operator crd --format json` from stdin."""

import json
import sys

INTRODUCTION = """\
# LiveStream `{group}/{version}`

<!-- Generated from the CRD by scripts/generate.sh. Change the comments in src/crd/ instead. -->

{description}

`kubectl explain livestream.spec` prints the same. Kind `{kind}`, plural `{plural}`, short name `{short}`, category
`{category}`; namespaced.

## Annotations

Set by people:

| annotation | effect |
|---|---|
| `ivs-operator.dev/paused: "true"` | Nothing is created, changed or repaired. Deletion still works. |
| `ivs-operator.dev/reconcile-at: <any new value>` | The object is looked at now; echoed in `status.lastHandledReconcileAt`. |
| `ivs-operator.dev/rotate-stream-key: <any new value>` | The stream key is replaced; while the stream is live this waits for its end. |
| `ivs-operator.dev/force: "true"` | Beside the one above: the key is replaced even while live. |

Written by the operator, not to be edited: `ivs-operator.dev/creation-intent` on the LiveStream,
`ivs-operator.dev/stream-key-arn` and `ivs-operator.dev/digest` on the Secret. The finalizer is
`ivs-operator.dev/cleanup`.
"""


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def type_of(schema):
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    kind = schema.get("type", "object")
    if kind == "array":
        return f"list of {type_of(schema['items'])}s"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {type_of(schema['additionalProperties'])}s"
    return schema.get("format") if schema.get("format") == "date-time" else kind


def bounds(schema):
    """What the schema says beside the type, in words."""
    said = []
    if "enum" in schema:
        said.append(" \\| ".join(f"`{value}`" for value in schema["enum"] if value is not None))
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        said.append(f"{low:g} to {high:g}")
    for least, most, what in (
        ("minLength", "maxLength", "characters"),
        ("minItems", "maxItems", "entries"),
        ("minProperties", "maxProperties", "entries"),
    ):
        low, high = schema.get(least), schema.get(most)
        if low and high:
            said.append(f"{low} to {high} {what}")
        elif high:
            said.append(f"at most {high} {what}")
    if "pattern" in schema:
        said.append("`" + schema["pattern"].replace("|", "\\|") + "`")
    if "default" in schema and not isinstance(schema["default"], (dict, list)):
        said.append(f"default `{json.dumps(schema['default']).strip(chr(34))}`")
    if isinstance(schema.get("items"), dict) and schema["items"].get("type") != "object":
        inner = bounds(schema["items"])
        said += [f"each {inner}"] if inner else []
    return "; ".join(said)


def rows(schema, path):
    """Each field below, depth first in the order of their names."""
    for name, field in sorted(schema.get("properties", {}).items()):
        here = f"{path}.{name}" if path else name
        required = " (required)" if name in schema.get("required", []) else ""
        yield f"| `{here}`{required} | {type_of(field)} | {bounds(field)} | {cell(field.get('description', ''))} |"
        inner = field.get("items", field)
        yield from rows(inner, here + ("[]" if inner is not field else ""))


def rules(schema, path):
    """The messages of every CEL rule."""
    for rule in schema.get("x-kubernetes-validations", []):
        yield f"| `{path or 'LiveStream'}` | {cell(rule.get('message', rule['rule']))} |"
    for name, field in sorted(schema.get("properties", {}).items()):
        here = f"{path}.{name}" if path else name
        yield from rules(field, here)
        if isinstance(field.get("items"), dict):
            yield from rules(field["items"], here + "[]")


def table(head, lines):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    print("\n".join(lines), end="\n\n")


def main():
    crd = json.load(sys.stdin)
    names = crd["spec"]["names"]
    (version,) = crd["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    parts = schema["properties"]
    print(
        INTRODUCTION.format(
            group=crd["spec"]["group"],
            version=version["name"],
            description=schema["description"],
            kind=names["kind"],
            plural=names["plural"],
            short=", ".join(names["shortNames"]),
            category=", ".join(names["categories"]),
        )
    )
    print("## spec\n\nEvery field is optional unless it says otherwise.\n")
    table(["field", "type", "values", "meaning"], rows(parts["spec"], "spec"))
    print("## What is refused\n\nBeside the bounds above, `kubectl apply` refuses, in these words:\n")
    table(["where", "message"], rules(schema, ""))
    print("## status\n\nWritten by the operator only.\n")
    table(["field", "type", "values", "meaning"], rows(parts["status"], "status"))
    print("## Columns of `kubectl get livestreams`\n")
    columns = version["additionalPrinterColumns"]
    table(
        ["column", "from", "shown"],
        [
            f"| {column['name']} | `{column['jsonPath']}` | {'with `-o wide`' if column.get('priority') else 'always'} |"
            for column in columns
        ],
    )
    print("What the condition reasons mean, and what to do about each: [runbook](runbook.md).")


if __name__ == "__main__":
    main()

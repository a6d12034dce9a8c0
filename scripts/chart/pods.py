#!/usr/bin/env python3
"""Takes the Pod out of a rendered Deployment: pods.py OBJECTS.json FOLDER.

Writes pod.json, one pod-WAY.json for each way in which the Pod could be less restricted, `args` (a JSON list of
arguments a line, one line a container) and `serviceaccount`. OBJECTS.json is a stream of objects, or a List.
"""

import copy
import json
import pathlib
import sys


def objects(text):
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        yield from value["items"] if value["kind"] == "List" else [value]


def first(pod):
    return pod["spec"]["containers"][0]["securityContext"]


LOOSENED = {
    "privileged": lambda pod: first(pod).update(privileged=True, allowPrivilegeEscalation=True),
    "root": lambda pod: pod["spec"]["securityContext"].update(runAsNonRoot=False, runAsUser=0),
    "escalation": lambda pod: first(pod).pop("allowPrivilegeEscalation"),
    "capabilities": lambda pod: first(pod).pop("capabilities"),
    "seccomp": lambda pod: pod["spec"]["securityContext"].pop("seccompProfile"),
    "host-network": lambda pod: pod["spec"].update(hostNetwork=True),
}


def main(source, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    (deployment,) = [o for o in objects(pathlib.Path(source).read_text()) if o["kind"] == "Deployment"]
    template = deployment["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] | {"name": "of-the-chart"}, "spec": template["spec"]}
    (folder / "pod.json").write_text(json.dumps(pod))
    for way, loosen in LOOSENED.items():
        loosened = copy.deepcopy(pod)
        loosen(loosened)
        (folder / f"pod-{way}.json").write_text(json.dumps(loosened))
    containers = pod["spec"]["containers"]
    for container in containers:
        if not container["securityContext"].get("readOnlyRootFilesystem"):
            sys.exit(f"container {container['name']} may write its root file system")
    (folder / "args").write_text("".join(json.dumps(container["args"]) + "\n" for container in containers))
    (folder / "serviceaccount").write_text(pod["spec"]["serviceAccountName"])


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Jobs that the operator's identity may ask for, and those that a thief of its token would."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integration.operator.api import Body
from integration.operator.installed import RUNNER
from segcompress_api.contract import PROGRESS_AUDIENCE, PROGRESS_TOKEN_PATH, RUN_CONFIG_ANNOTATION

Edit = Callable[[Body], object]


def another(job: Body) -> Body:
    """Return a Job like one of the operator's, of the next start, as it would ask for it."""
    meta = {key: copy.deepcopy(job["metadata"][key]) for key in ("namespace", "labels", "ownerReferences")}
    meta["labels"] = {k: v for k, v in meta["labels"].items() if not k.startswith("batch.")}
    name = job["metadata"]["name"].rpartition("-")[0] + "-7"
    body = {"metadata": {**meta, "name": name}, "spec": copy.deepcopy(job["spec"])}
    body["spec"].pop("selector")
    labels = body["spec"]["template"]["metadata"]["labels"]
    for key in [key for key in labels if key.startswith(("batch.", "controller-uid", "job-name"))]:
        del labels[key]
    return body


def pod(body: Body) -> Any:
    return body["spec"]["template"]["spec"]


def container(body: Body) -> Any:
    return pod(body)["containers"][0]


def from_secret(variable: str, key: str) -> Body:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": "admin", "key": key}}}


def add_volume(body: Body, **source: Any) -> None:
    pod(body)["volumes"].append({"name": "more", **source})


def add_token(body: Body) -> None:
    """Give the pod what it reports its progress with."""
    token = {"audience": PROGRESS_AUDIENCE, "expirationSeconds": 3600, "path": Path(PROGRESS_TOKEN_PATH).name}
    add_volume(body, projected={"sources": [{"serviceAccountToken": token}]})
    mount = {"name": "more", "mountPath": str(Path(PROGRESS_TOKEN_PATH).parent), "readOnly": True}
    container(body)["volumeMounts"].append(mount)


OWN: dict[str, Edit] = {
    "as it was": lambda _: None,
    "image of an allowed prefix": lambda job: container(job).update(
        image="registry.example.com/team/runner:2"
    ),
    "runner of another release": lambda job: container(job).update(
        image="{repository}:before".format(**RUNNER)
    ),
    "runner by its digest": lambda job: container(job).update(
        image="{repository}@sha256:".format(**RUNNER) + "ab" * 32
    ),
    "progress": add_token,
}


OWN_VOLUMES = "whose volumes are the runner's own"


RUN_CONFIG_FIELD = f"metadata.annotations['{RUN_CONFIG_ANNOTATION}']"


FOREIGN: dict[str, tuple[Edit, str]] = {
    "no owner": (lambda job: job["metadata"].pop("ownerReferences"), "whose controller is"),
    "other owner": (
        lambda job: job["metadata"]["ownerReferences"][0].update(apiVersion="apps/v1", kind="ReplicaSet"),
        "whose controller is",
    ),
    "other name": (lambda job: job["metadata"].update(name="mine"), "named after"),
    "name of another resource": (
        lambda job: job["metadata"].update(name="other-0123456789-1"),
        "named after",
    ),
    "other labels": (lambda job: job["metadata"].update(labels={"app": "mine"}), "carry its labels"),
    "pod without labels": (
        lambda job: job["spec"]["template"]["metadata"].update(labels={}),
        "carry its labels",
    ),
    "other image": (lambda job: container(job).update(image="registry.example.com/evil:1"), "image"),
    "prefix that ends within a name": (
        lambda job: container(job).update(image="registry.example.com/teammate/x:1"),
        "image",
    ),
    "name that begins as the runner's": (
        lambda job: container(job).update(image="{repository}-evil:1".format(**RUNNER)),
        "image",
    ),
    "repository below the runner's": (
        lambda job: container(job).update(image="{repository}:5000/evil".format(**RUNNER)),
        "image",
    ),
    "second container of the runner's": (
        lambda job: pod(job)["containers"].append({**container(job), "name": "b"}),
        "one container",
    ),
    "second container": (
        lambda job: pod(job)["containers"].append({**container(job), "name": "b", "image": "b"}),
        "image",
    ),
    "init container": (
        lambda job: pod(job).update(initContainers=[{**container(job), "name": "b"}]),
        "nothing of their node",
    ),
    "service account": (lambda job: pod(job).update(serviceAccountName="admin"), "default service account"),
    "network of the node": (lambda job: pod(job).update(hostNetwork=True), "nothing of their node"),
    "service account by its old name": (
        lambda job: pod(job).update(serviceAccount="admin"),
        "default service account",
    ),
    "token of the API server": (
        lambda job: pod(job).update(automountServiceAccountToken=True),
        "without its token",
    ),
    "token by default": (lambda job: pod(job).pop("automountServiceAccountToken"), "without its token"),
    "command": (lambda job: container(job).update(command=["sh"]), "only the runner's fields"),
    "arguments": (lambda job: container(job).update(args=["-c", "x"]), "only the runner's fields"),
    "folder of another program": (
        lambda job: container(job).update(workingDir="/work"),
        "only the runner's fields",
    ),
    "whole Secret": (
        lambda job: container(job).update(envFrom=[{"secretRef": {"name": "admin"}}]),
        "only the runner's fields",
    ),
    "hook": (
        lambda job: container(job).update(lifecycle={"postStart": {"exec": {"command": ["sh"]}}}),
        "only the runner's fields",
    ),
    "probe": (
        lambda job: container(job).update(startupProbe={"exec": {"command": ["sh"]}}),
        "only the runner's fields",
    ),
    "port of the node": (
        lambda job: container(job).update(ports=[{"containerPort": 80, "hostPort": 80}]),
        "only the runner's fields",
    ),
    "capability": (
        lambda job: container(job)["securityContext"].update(capabilities={"add": ["NET_ADMIN"]}),
        "added capability",
    ),
    "another variable": (
        lambda job: container(job)["env"].append({"name": "LD_PRELOAD", "value": "/work/x.so"}),
        "own environment",
    ),
    "another key of a Secret": (
        lambda job: container(job)["env"].append(from_secret("S3_ENDPOINT", "password")),
        "own environment",
    ),
    "key of a Secret in another variable": (
        lambda job: container(job)["env"].append(from_secret("SEGCOMPRESS_THREADS", "secretKey")),
        "own environment",
    ),
    "file of the node": (lambda job: add_volume(job, hostPath={"path": "/"}), OWN_VOLUMES),
    "volume of a Secret": (lambda job: add_volume(job, secret={"secretName": "admin"}), OWN_VOLUMES),
    "another item of a Secret": (
        lambda job: add_volume(
            job, secret={"secretName": "admin", "items": [{"key": "tls.key", "path": "ca.crt"}]}
        ),
        OWN_VOLUMES,
    ),
    "ca.crt and more": (
        lambda job: add_volume(
            job, secret={"secretName": "a", "items": [{"key": k, "path": k} for k in ("ca.crt", "tls.key")]}
        ),
        OWN_VOLUMES,
    ),
    "Secret among others": (
        lambda job: add_volume(job, projected={"sources": [{"secret": {"name": "admin"}}]}),
        OWN_VOLUMES,
    ),
    "token of the API server in a volume": (
        lambda job: add_volume(job, projected={"sources": [{"serviceAccountToken": {"path": "token"}}]}),
        OWN_VOLUMES,
    ),
    "ConfigMap": (lambda job: add_volume(job, configMap={"name": "x"}), OWN_VOLUMES),
    "claim": (lambda job: add_volume(job, persistentVolumeClaim={"claimName": "x"}), OWN_VOLUMES),
    "program in an annotation": (
        lambda job: add_volume(
            job,
            downwardAPI={
                "items": [{"path": "paddle.py", "fieldRef": {"fieldPath": RUN_CONFIG_FIELD}}],
            },
        ),
        OWN_VOLUMES,
    ),
    "volume over the programs": (
        lambda job: container(job)["volumeMounts"][-1].update(mountPath="/usr/local/lib"),
        OWN_VOLUMES,
    ),
    "part of a volume": (
        lambda job: container(job)["volumeMounts"][-1].update(subPath="x"),
        OWN_VOLUMES,
    ),
    "privileged": (
        lambda job: container(job).update(securityContext={"privileged": True}),
        "nothing of their node",
    ),
}

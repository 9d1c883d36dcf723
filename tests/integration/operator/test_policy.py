"""The chart's admission policy: the operator's identity can write the operator's own Jobs and no others."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, ApiError, Body, eventually
from integration.operator.installed import RUNNER
from integration.operator.objects import SUCCEEDED, resource
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.stage import Stage, spec
from integration.operator.sweep_stage import SweepStage, sweep_spec
from segcompress_api.contract import PROGRESS_AUDIENCE, PROGRESS_TOKEN_PATH, RUN_CONFIG_ANNOTATION

Edit = Callable[[Body], object]


@pytest.fixture
def run(policy: None, api: Api, namespace: str, start_operator: Callable[..., Operator]) -> Stage:
    """Return a run whose Job the operator made in spite of the policy."""
    assert policy is None
    start_operator(namespace, SEGCOMPRESS_ALLOWED_IMAGE_PREFIXES="registry.example.com/team")
    stage = Stage(api, namespace)
    stage.apply(spec(ttlSecondsAfterFinished=3600))
    stage.job()
    return stage


@pytest.fixture
def thief(plane: ControlPlane) -> Api:
    """Return the way to the API server of whoever has the operator's token."""
    return Api(plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"]))


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
    "command": (lambda job: container(job).update(command=["sh"]), "fields alone"),
    "arguments": (lambda job: container(job).update(args=["-c", "x"]), "fields alone"),
    "folder of another program": (lambda job: container(job).update(workingDir="/work"), "fields alone"),
    "whole Secret": (
        lambda job: container(job).update(envFrom=[{"secretRef": {"name": "admin"}}]),
        "fields alone",
    ),
    "hook": (
        lambda job: container(job).update(lifecycle={"postStart": {"exec": {"command": ["sh"]}}}),
        "fields alone",
    ),
    "probe": (
        lambda job: container(job).update(startupProbe={"exec": {"command": ["sh"]}}),
        "fields alone",
    ),
    "port of the node": (
        lambda job: container(job).update(ports=[{"containerPort": 80, "hostPort": 80}]),
        "fields alone",
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


def refusal(thief: Api, namespace: str, body: Body) -> str:
    """Return the message with which a Job is refused, "" where it would be made."""
    try:
        thief.request("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs?dryRun=All", body)
    except ApiError as error:
        return str(error)
    return ""


def test_operator_works_under_the_policy(run: Stage) -> None:
    run.exits(run.runs(), 0, SUCCEEDED)
    run.reaches("Complete", "Succeeded")
    eventually(lambda: run.job()["spec"].get("ttlSecondsAfterFinished") == 3600, "the ttl")


def test_only_jobs_of_its_own_can_be_made(run: Stage, thief: Api) -> None:
    own = another(run.job())
    image = own["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "{repository}:{tag}".format(**RUNNER)
    edit, words = FOREIGN["other image"]
    foreign = copy.deepcopy(own)
    edit(foreign)
    eventually(lambda: words in refusal(thief, run.namespace, foreign), "the policy at work")
    for name, edit in OWN.items():
        mine = another(run.job())
        edit(mine)
        assert refusal(thief, run.namespace, mine) == "", name
    for name, (edit, words) in FOREIGN.items():
        foreign = another(run.job())
        edit(foreign)
        message = refusal(thief, run.namespace, foreign)
        assert words in message, f"{name}: {message!r}"
        assert "denied request" in message


def test_jobs_of_others_cannot_be_changed(run: Stage, thief: Api) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    foreign = {"metadata": {"name": "theirs"}, "spec": {"template": template, "suspend": True}}
    run.api.create("jobs", run.namespace, foreign)

    def refused() -> bool:
        try:
            thief.patch("jobs", run.namespace, "theirs", {"spec": {"ttlSecondsAfterFinished": 1}})
        except ApiError as error:
            return "whose controller is" in str(error)
        return False

    eventually(refused, "the policy at work")


def test_runs_of_users_cannot_be_made_or_changed(run: Stage, thief: Api) -> None:
    """Trials alone are the operator's to make and to suspend."""
    # The garbage collector deletes what names an owner that is not there.
    uid = SweepStage(run.api, run.namespace).apply(sweep_spec(suspend=True))["metadata"]["uid"]
    owner = {"apiVersion": "segcompress.dev/v1alpha1", "uid": uid, "controller": True}

    def refused(named: str, **owned: str) -> str:
        owners: Body = {"ownerReferences": [{**owner, **owned}]} if owned else {}
        try:
            thief.create("scj", run.namespace, resource(named, **owners))
        except ApiError as error:
            return str(error)
        return ""

    eventually(lambda: "whose controller is" in refused("mine"), "the policy at work")
    assert "whose controller is" in refused("widths-0123456789-0", kind="ReplicaSet", name="widths")
    assert "named after" in refused("mine", kind="SegCompressionSweep", name="widths")
    assert "named after" in refused("other-0123456789-0", kind="SegCompressionSweep", name="widths")
    assert refused("widths-0123456789-0", kind="SegCompressionSweep", name="widths") == ""
    with pytest.raises(ApiError, match="whose controller is"):
        thief.patch("scj", run.namespace, run.name, {"spec": {"suspend": True}})
    thief.patch("scj", run.namespace, "widths-0123456789-0", {"spec": {"suspend": True}})


def test_parameters_of_a_trial_cannot_be_changed(run: Stage) -> None:
    """Without them its sweep would not know which point it is, and might try the point again."""
    sweep = SweepStage(run.api, run.namespace)
    sweep.apply(sweep_spec())
    trial = sweep.await_trials(2)[0]["metadata"]
    key, given = "segcompress.dev/parameters", trial["annotations"]

    def refused(value: str | None, name: str = trial["name"]) -> str:
        try:
            run.api.patch("scj", run.namespace, name, {"metadata": {"annotations": {key: value}}})
        except ApiError as error:
            return str(error)
        return ""

    eventually(lambda: "cannot be changed" in refused("{}"), "the policy at work")
    assert "cannot be changed" in refused(None)
    assert refused(given[key]) == ""
    assert refused("{}", run.name) == ""
    run.api.patch("scj", run.namespace, trial["name"], {"metadata": {"annotations": {"team": "vision"}}})
    assert sweep.trials()[0]["metadata"]["annotations"] == {**given, "team": "vision"}

"""The chart's admission policy: the operator's identity can write the operator's own Jobs and no others."""

import copy
from collections.abc import Callable

import pytest

from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, ApiError, Body, eventually
from integration.operator.installed import RUNNER
from integration.operator.job_edits import FOREIGN, OWN, another
from integration.operator.objects import SUCCEEDED, resource
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.stage import Stage, spec
from integration.operator.sweep_stage import SweepStage, sweep_spec


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

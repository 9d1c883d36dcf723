"""When a run starts, and what keeps it from starting."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from segcompress_api.job import SPEC_LIMIT
from segcompress_operator.planning import parsing
from segcompress_operator.planning.plan import FIRST_TRY_SECONDS, LAST_TRY_SECONDS, Observed, Plan, Refusal
from segcompress_operator.planning.starting import WATCH_LAG_SECONDS
from segcompress_operator.settings import Allowed, RunnerSettings
from unit.operator.planned import failure, plan, reconciling, status_of, waiting
from unit.operator.samples import (
    JOB,
    NOW,
    SPEC,
    at,
    complete_job,
    make_job,
    make_resource,
    running_pod,
    spec_with,
)


def test_new_resource_gets_a_job_and_a_second_look() -> None:
    made = plan(Observed())
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB
    assert made.status is None
    assert made.requeue_after == WATCH_LAG_SECONDS


def test_resource_being_deleted_gets_nothing() -> None:
    assert plan(Observed(), deletionTimestamp=at(0)) == Plan()


def test_lost_second_start_is_made_again_as_second() -> None:
    made = plan(Observed(), status={"jobName": JOB[:-1] + "2", "start": 2})
    assert made.create is not None
    assert made.create["metadata"]["name"] == JOB[:-1] + "2"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"spec": spec_with(storage=None)}, "spec.storage", id="no storage"),
        pytest.param(
            {"spec": spec_with(output={"uri": "file:///tmp/x/"})}, "spec.output.uri", id="file address"
        ),
        pytest.param({"spec": spec_with(strategi={})}, "spec.strategi", id="unknown key"),
        pytest.param(
            {"spec": spec_with(runtime={"device": "CPU", "image": "docker.io/x"})},
            "spec.runtime.image",
            id="image not allowed",
        ),
        pytest.param(
            {"spec": spec_with(runtime={"resources": {"limits": {"nvidia.com/gpu": "8"}}})},
            "spec.runtime.resources.limits",
            id="GPUs beside spec.runtime.gpus",
        ),
        pytest.param(
            {"spec": spec_with(strategy={"UnstructurePrune": {"ratio": 0.5}})},
            "spec.strategy.TrainConfig",
            id="strategy without training",
        ),
        pytest.param(
            {"spec": spec_with(strategy={"configUri": "s3://conf/act.yaml", "Distillation": {}})},
            "spec.strategy: configUri",
            id="sections beside configUri",
        ),
    ],
)
def test_invalid_spec_ends_without_a_job(changes: dict[str, Any], field: str) -> None:
    made = plan(Observed(), **changes)
    reason, message = failure(made)
    assert (made.create, reason) == (None, "InvalidSpec")
    assert message.startswith(field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"model": {"inference": {"uri": "file:///m/"}}}, "spec.model.inference.uri", id="model"),
        pytest.param(
            {
                "model": {
                    "paddleseg": {
                        "configUri": "s3://m/net.yml",
                        "weightsUri": "file:///m/",
                        "inputShape": [1, 3, 64, 64],
                    }
                }
            },
            "spec.model.paddleseg.weightsUri",
            id="weights",
        ),
        pytest.param({"dataset": {**SPEC["dataset"], "uri": "file:///m/"}}, "spec.dataset.uri", id="dataset"),
        pytest.param({"strategy": {"configUri": "file:///m/"}}, "spec.strategy.configUri", id="ACT file"),
        pytest.param({"output": {"uri": "file:///m/"}}, "spec.output.uri", id="output"),
    ],
)
def test_address_that_no_pod_can_reach_is_refused(changes: dict[str, Any], field: str) -> None:
    words = "file:///m/ cannot be reached from a cluster; give s3://bucket/prefix/"
    assert failure(plan(Observed(), spec=spec_with(**changes))) == ("InvalidSpec", f"{field}: {words}")


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("Distillation", {}),
        ("UnstructurePrune", {"ratio": 0.5}),
        ("QuantAware", {}),
        ("Quantization", {}),
        ("TrainConfig", {"epochs": 1}),
    ],
)
def test_section_beside_a_config_uri_is_refused(section: str, value: dict[str, Any]) -> None:
    strategy = {"configUri": "s3://conf/act.yaml", section: value}
    words = f"spec.strategy: configUri cannot be combined with {section}: give one of them"
    assert failure(plan(Observed(), spec=spec_with(strategy=strategy))) == ("InvalidSpec", words)


@pytest.mark.parametrize(
    ("key", "file"), [("teacher_model_filename", "net.model"), ("teacher_params_filename", "net.params")]
)
def test_teacher_of_an_act_file_is_the_jobs_own_model(key: str, file: str) -> None:
    model = {"inference": {"uri": "s3://m/", "modelFile": "net.model", "paramsFile": "net.params"}}
    strategy = {**SPEC["strategy"], "Distillation": {key: file}}
    assert plan(Observed(), spec=spec_with(model=model, strategy=strategy)).create is not None
    strategy["Distillation"] = {key: "other"}
    assert key in failure(plan(Observed(), spec=spec_with(model=model, strategy=strategy)))[1]


def test_image_with_an_allowed_prefix_is_used() -> None:
    settings = RunnerSettings(
        image="default:1", allowed=Allowed(image_prefixes=("registry.example.com/team/",))
    )
    image = "registry.example.com/team/runner:2"
    made = plan(Observed(), settings, spec=spec_with(runtime={"device": "CPU", "image": image}))
    assert made.create is not None
    assert made.create["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_job_that_runs_already_is_not_judged_anew() -> None:
    made = plan(Observed(jobs=(make_job(),), pods=(running_pod(),)), spec=spec_with(storage=None))
    assert reconciling(made)[0] == "Running"


def test_foreign_job_of_our_name_is_a_conflict() -> None:
    assert failure(plan(Observed(conflict=JOB))) == (
        "NameConflict",
        f"Job {JOB} exists and belongs to something else; delete it, then create this resource again",
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param("jobs.batch is forbidden: exceeded quota: none", "QuotaExceeded", id="quota"),
        pytest.param("namespace is being terminated", "Pending", id="anything else"),
    ],
)
def test_refused_job_waits_and_is_tried_again(message: str, reason: str) -> None:
    made = plan(Observed(refusal=Refusal("Job", message, NOW)))
    assert reconciling(made) == (reason, message)
    assert (made.create, made.requeue_after) == (None, FIRST_TRY_SECONDS)
    later = plan(Observed(refusal=Refusal("Job", message, NOW - timedelta(seconds=FIRST_TRY_SECONDS))))
    assert later.create is not None


def test_job_that_can_never_be_created_is_an_invalid_spec() -> None:
    words = "the API server refuses Job x: requests: must be less than or equal to cpu limit"
    assert failure(plan(Observed(refusal=Refusal("Job", words, NOW, final=True)))) == ("InvalidSpec", words)


def test_refused_job_ends_at_the_deadline() -> None:
    refusal = Refusal("Job", "exceeded quota: none", NOW)
    for seconds, phase in ((-59, "Pending"), (-60, "Failed")):
        spec = spec_with(activeDeadlineSeconds=60)
        made = plan(Observed(refusal=refusal), spec=spec, status=waiting(seconds))
        assert status_of(made).phase == phase
    assert failure(made)[0] == "DeadlineExceeded"


def test_deadline_counts_from_the_first_look() -> None:
    """An operator that was away for a day fails no run because the API server is busy when it comes back."""
    refusal = Refusal("Job", "HTTP status 503", NOW, transient=True)
    made = plan(Observed(refusal=refusal), creationTimestamp=at(-90_000))
    assert status_of(made).phase == "Pending"
    again = Observed(jobs=(complete_job(),), asked=True, refusal=refusal)
    assert status_of(plan(again, status=waiting(-90_000))).phase == "Pending"


@pytest.mark.parametrize(
    ("refused_for", "wait"),
    [(0, 15), (10, 15), (15, 15), (40, 40), (300, 300), (7200, LAST_TRY_SECONDS)],
)
def test_refused_job_is_tried_ever_more_rarely(refused_for: float, wait: float) -> None:
    since = NOW - timedelta(seconds=refused_for)
    first = Refusal("Job", "exceeded quota: none", since)
    last = Refusal("Job", "exceeded quota: none", NOW).after(first)
    made = plan(Observed(refusal=last))
    assert (made.create, made.requeue_after) == (None, wait)
    later = replace(last, seen=NOW - timedelta(seconds=wait), since=since - timedelta(seconds=wait))
    assert plan(Observed(refusal=later)).create is not None


def test_refusals_of_another_kind_do_not_count_as_the_same() -> None:
    pod = Refusal("Pod", "exceeded quota: none", NOW - timedelta(seconds=500))
    assert Refusal("Job", "exceeded quota: none", NOW).after(pod).since is None
    assert Refusal("Job", "exceeded quota: none", NOW).after(None).since is None


def test_refused_job_is_looked_at_at_its_deadline() -> None:
    refusal = Refusal("Job", "exceeded quota: none", NOW, since=NOW - timedelta(seconds=500))
    spec = spec_with(activeDeadlineSeconds=100)
    assert plan(Observed(refusal=refusal), spec=spec, status=waiting(-60)).requeue_after == 40


def too_large(nodes: int) -> dict[str, Any]:
    strategy = {**SPEC["strategy"], "Distillation": {"node": [f"layer_{n}.tmp_0" for n in range(nodes)]}}
    return spec_with(strategy=strategy)


def test_spec_that_no_annotation_should_carry_is_refused_naming_its_largest_part() -> None:
    reason, message = failure(plan(Observed(), spec=too_large(3000)))
    assert reason == "InvalidSpec"
    assert message.startswith(
        "spec: must be at most 32768 bytes as JSON; most of it is spec.strategy.Distillation.node ("
    )
    assert "spec.strategy.configUri" in message
    assert plan(Observed(), spec=too_large(30)).create is not None


def test_spec_that_grows_too_large_by_its_defaults_is_refused_too() -> None:
    spec = next(
        s
        for n in range(1500, 3000)
        if len(json.dumps(s := too_large(n), separators=(",", ":"))) > SPEC_LIMIT - 20
    )
    resource = make_resource(spec=spec)
    assert not resource.oversized
    assert failure(plan(Observed(), spec=spec))[0] == "InvalidSpec"


def test_spec_that_is_too_large_is_not_kept() -> None:
    resource = make_resource(spec=too_large(3000))
    assert resource.spec == b""
    assert resource.oversized


def test_large_spec_that_is_nested_deep_is_measured_at_a_few_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    nested: Any = "x" * SPEC_LIMIT
    for _ in range(100):
        nested = {"k" * 200: nested}
    measured: list[object] = []
    spell = parsing.to_json

    def counted(value: object) -> bytes:
        measured.append(value)
        return spell(value)

    monkeypatch.setattr(parsing, "to_json", counted)
    resource = make_resource(spec=spec_with(strategy={"Global": nested}))
    assert resource.oversized.startswith("spec.strategy.Global.kkk")
    assert len(resource.oversized) < 200
    assert len(measured) < 30


def test_of_the_labels_only_those_that_the_job_gets_are_kept() -> None:
    kueue = {"kueue.x-k8s.io/queue-name": "team", "kueue.x-k8s.io/priority-class": "low"}
    assert make_resource(labels={**kueue, "kueue.x-k8s.io/other": "x", "team": "y"}).owner.labels == kueue

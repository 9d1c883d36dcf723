"""What happens around a run: deletion, an operator that dies, results that nobody read, secrets kept."""

import base64
import json

import pytest
from minio import Minio

from e2e.conftest import Ends
from e2e.kube import Operator, eventually
from e2e.runs import Run
from e2e.specs import spec
from e2e.stage import LIGHT, RESOLVED, Scenario, Stage, scenario_id
from segcompress_operator.resources.names import runner_job_name


def deleted_resource_takes_job_and_pods_with_it(stage: Stage) -> None:
    run = stage.run("deleted", seed=13)
    run.says(run.pod(), "Validate started")
    stage.kube.delete("scj", stage.namespace, run.name)
    eventually(lambda: not run.jobs() and not run.pods(), "Job and pods gone", run.explain)


def ttl_removes_the_job_once_the_status_stands(stage: Stage) -> None:
    run = stage.run("short-lived", ttlSecondsAfterFinished=0, **RESOLVED)
    message = run.fails("InputNotFound")
    eventually(lambda: not run.jobs() and not run.pods(), "Job and pods gone", run.explain)
    assert run.conditions()["Failed"]["message"] == message
    assert run.attempts() == {"failed": 1, "preempted": 0}


def spec_cannot_be_changed(stage: Stage) -> None:
    run = stage.run("fixed", **RESOLVED)
    run.ends()
    change = json.dumps({"spec": {"seed": 7}})
    complaint = stage.kube.refused(
        "patch", "scj", "-n", stage.namespace, run.name, "--type=merge", "-p", change
    )
    assert "immutable" in complaint


def namespace_admits_restricted_pods_alone(stage: Stage) -> None:
    run = ("run", "lax", "-n", stage.namespace, "--image=127.0.0.1:9/lax:1", "--restart=Never")
    assert "violates PodSecurity" in stage.kube.refused(*run, "--dry-run=server")
    done = stage.run("restricted", **RESOLVED)
    done.fails("InputNotFound")
    (pod,) = done.pods()
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


SCENARIOS: tuple[Scenario, ...] = (
    deleted_resource_takes_job_and_pods_with_it,
    ttl_removes_the_job_once_the_status_stands,
    spec_cannot_be_changed,
    namespace_admits_restricted_pods_alone,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=scenario_id)
def test_lifecycle(ends: Ends, scenario: Scenario) -> None:
    ends[scenario_id(scenario)].result()


def conflicting_job(stage: Stage, run: Run) -> str:
    """Make a Job that has the name of the run's own, and belongs to nobody; return the name."""
    name = runner_job_name(run.name, run.resource()["metadata"]["uid"], 1)
    pod = {"restartPolicy": "Never", "containers": [{"name": "other", "image": "127.0.0.1:9/other:1"}]}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}}
    stage.kube.apply(stage.namespace, {**body, "spec": {"suspend": True, "template": {"spec": pod}}})
    return name


@pytest.mark.usefixtures("scenarios_over")
def test_result_that_nobody_read_is_found_again(stage: Stage, operator: Operator) -> None:
    """While the operator is away a run ends and its pod vanishes; a foreign Job takes another run's name."""
    run = stage.run("unread", seed=11, strategy__TrainConfig__train_iter=30)
    run.waits("Running")
    operator.stop()
    (job,) = run.jobs()
    first = run.pod()
    wait = ("--for=condition=Complete", "--timeout=900s")
    stage.kube("wait", "-n", stage.namespace, f"job/{job['metadata']['name']}", *wait)
    stage.kube.delete("pod", stage.namespace, first)
    conflicted = stage.run("conflicted", **LIGHT)
    name = conflicting_job(stage, conflicted)
    operator.start()

    assert name in conflicted.fails("NameConflict")
    assert "ownerReferences" not in stage.kube.get("job", stage.namespace, name)["metadata"]
    run.succeeds("Reused")
    assert len(run.jobs()) == 2
    assert "Compress" not in run.log(run.pod(first))
    assert run.status()["metrics"]["compressed"]["sparsity"]


@pytest.mark.usefixtures("scenarios_over")
def test_killed_operator_loses_nothing_and_makes_no_second_job(stage: Stage, operator: Operator) -> None:
    run = stage.run("operator-killed", seed=12, strategy__TrainConfig__train_iter=30)
    run.waits("Running")
    eventually(run.events, "the Event of its start")
    before = [job["metadata"]["uid"] for job in run.jobs()]
    assert run.conditions()["Finished"]["status"] == "False"
    operator.kill()
    run.succeeds("Succeeded")
    assert [job["metadata"]["uid"] for job in run.jobs()] == before
    assert len(run.pods()) == 1
    eventually(lambda: run.events() == ["Started", "Succeeded"], "both Events, once each", run.explain)


def test_unknown_key_is_refused_by_its_path(stage: Stage) -> None:
    misspelt = spec(stage.output("misspelt"), strategy__TrainConfig__learnig_rate=0.1)
    body = {"apiVersion": "segcompress.dev/v1alpha1", "kind": "SegCompressionJob"}
    body |= {"metadata": {"name": "misspelt"}, "spec": misspelt}  # type: ignore[dict-item]
    complaint = stage.kube.refused("apply", "-n", stage.namespace, "-f", "-", fed=dict(body))
    assert "spec.strategy.TrainConfig.learnig_rate" in complaint


@pytest.mark.usefixtures("scenarios_over")
def test_secret_key_is_nowhere_to_be_read(stage: Stage, operator: Operator, store: Minio) -> None:
    """Whatever all tests before this one left behind is looked through."""
    stage.run("canary", **RESOLVED).ends()
    key = stage.kube.target.secret_key
    spellings = (key, base64.b64encode(key.encode()).decode())
    seen = stage.kube("get", "scj,jobs,pods,events", "-n", stage.namespace, "-o", "yaml")
    logs = [Run(stage.kube, stage.namespace, "").log(pod) for pod in _pods(stage)]
    written = [
        store.get_object("compressed", str(found.object_name)).read().decode()
        for found in store.list_objects("compressed", prefix=f"{stage.token}/", recursive=True)
        if str(found.object_name).endswith((".json", ".md", ".txt"))
    ]
    assert "canary" in seen
    assert any("absent.txt" in log for log in logs)
    for text in (seen, operator.log(), *logs, *written):
        assert not any(spelling in text for spelling in spellings)


def _pods(stage: Stage) -> list[str]:
    return [str(pod["metadata"]["name"]) for pod in stage.kube.list("pods", stage.namespace)]

"""What a run costs the API server, and which rights its operator uses."""

from collections.abc import Callable

from devcluster.controlplane import ControlPlane
from integration.chart.helm import NAMESPACE, rendered
from integration.operator.api import Api, Body, eventually
from integration.operator.audit import audited, requests, subject
from integration.operator.installed import operator_rights
from integration.operator.objects import SUCCEEDED, resource
from integration.operator.process import Operator
from integration.operator.stage import Stage, foreign_job, quota, spec
from integration.operator.sweep_stage import SweepStage, sweep_spec
from integration.operator.team import LEASE
from segcompress_api.naming import trial_name


def phases_written(api: Api, namespace: str, applied: list[Body]) -> dict[str, list[str]]:
    """Return the phase of each status that was written of the jobs, which have succeeded."""
    written: dict[str, list[str]] = {body["metadata"]["name"]: [] for body in applied}
    for event in api.events_since("scj", namespace, applied[0]["metadata"]["resourceVersion"]):
        if event["type"] == "MODIFIED":
            written[event["object"]["metadata"]["name"]].append(event["object"]["status"]["phase"])
        if all("Succeeded" in phases for phases in written.values()):
            break
    return written


def test_requests_of_a_job_are_few(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    start_operator(namespace)
    stages = [Stage(api, namespace, f"job-{n}") for n in range(10)]
    applied = []
    for stage in stages:
        applied.append(stage.apply(spec()))
        query = f"labelSelector=segcompress.dev/job-name={stage.name}"
        pod = eventually(
            lambda query=query: next(iter(api.list("pods", namespace, query)), None),  # type: ignore[misc]
            "a pod",
        )
        stage.runs(pod)
        stage.exits(pod, 0, SUCCEEDED)
    for stage in stages:
        stage.reaches("Complete", "Succeeded")
        eventually(lambda stage=stage: len(stage.events()) == 2, "both Events")  # type: ignore[misc]
    counted = requests(plane, namespace)
    assert counted["create jobs 201"] == 10
    # Running and the end; Pending too where a pod takes longer than three seconds, as it may here.
    written = phases_written(api, namespace, applied)
    assert {*map(tuple, written.values())} <= {("Running", "Succeeded"), ("Pending", "Running", "Succeeded")}
    assert counted["patch segcompressionjobs/status 200"] == sum(map(len, written.values()))
    assert counted["create events 201"] == 20
    others = set(counted) - {"create jobs 201", "patch segcompressionjobs/status 200", "create events 201"}
    assert others == set()


def test_job_that_loses_its_labels_gets_them_back_at_once(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    start_operator(namespace)
    stage = Stage(api, namespace)
    stage.apply(spec())
    pod = stage.runs()
    job = stage.job()["metadata"]
    api.patch("jobs", namespace, job["name"], {"metadata": {"labels": {"segcompress.dev/job-name": None}}})
    eventually(lambda: stage.job()["metadata"]["labels"] == job["labels"], "its labels")
    stage.exits(pod, 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")
    counted = requests(plane, namespace)
    assert (counted["create jobs 409"], counted["get jobs 200"], counted["patch jobs 200"]) == (0, 1, 1)


def test_operator_uses_every_right_and_asks_for_no_other(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    full, taken = Stage(api, namespace, "full"), Stage(api, namespace, "taken")
    quota(full, {"pods": "0"})
    full.apply(spec(ttlSecondsAfterFinished=3600))
    foreign_job(taken)
    start_operator(namespace, SEGCOMPRESS_LEASE=LEASE)
    taken.reaches("Failed", "NameConflict")
    full.waits("QuotaExceeded")
    api.delete("resourcequotas", namespace, "none")
    full.runs_and_succeeds()
    eventually(lambda: any("ttlSecondsAfterFinished" in job["spec"] for job in full.jobs()), "the ttl")
    halted = Stage(api, namespace, "halted")
    halted.apply(spec())
    eventually(lambda: halted.status().get("jobName"), "its Job")
    halted.edit(suspend=True)
    halted.reaches("Reconciling", "Suspended", "False")
    blocked, searching = SweepStage(api, namespace, "blocked"), SweepStage(api, namespace, "searching")
    uid = blocked.apply(sweep_spec(suspend=True))["metadata"]["uid"]
    api.create("scj", namespace, resource(trial_name("blocked", uid, 0), spec(suspend=True)))
    blocked.edit(suspend=False)
    searching.apply(sweep_spec())
    blocked.reaches("Failed", "NameConflict")
    searching.await_trials(2)
    searching.edit(suspend=True)
    searching.reaches("Suspended", "Suspended")
    eventually(lambda: all(each["spec"]["suspend"] for each in searching.trials()), "its trials suspended")
    asked, refused = set(), set()
    for entry in (*audited(plane, namespace), *audited(plane, NAMESPACE)):
        asked.add((subject(entry), entry["verb"]))
        if "RBAC" in entry.get("responseStatus", {}).get("message", ""):
            refused.add((subject(entry), entry["verb"]))
    assert refused == set()
    assert asked == operator_rights(rendered(progress__enabled=False)), "test_progress has the one right more"

"""The scenarios: how the pods end, what a user does, and which phases are allowed.

Each consists of fates of pods (kubelet.py) and at most one small function.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from faults.controllers import Controllers
from faults.history import JOBS, PODS, RESOURCES, Body
from faults.kubelet import (
    Fate,
    Pod,
    ends,
    never_starts,
    runs_on,
    runs_until_deleted,
    runs_until_user_is_done,
    waits,
)
from faults.namespace import Namespace, uid_of
from integration.operator import objects
from integration.operator.objects import ARTIFACTS, METRICS, SUCCEEDED, result
from segcompress_operator.resources.names import JOB_NAME_LABEL, runner_job_name

User = Callable[[Namespace, Controllers], Awaitable[None]]

_RUNS = ("Pending", "Running")
_SUCCEEDS = (*_RUNS, "Succeeded")
_FAILS = (*_RUNS, "Failed")
_MEGABYTE = 2**20

well = ends(0, SUCCEEDED)


async def _applies(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()


async def _nothing(_: Namespace, __: Controllers) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Scenario:
    """`prepare` runs before the operator starts, `user` after; only `phases` may occur, in this order."""

    name: str
    fates: Sequence[Fate] = (well,)
    user: User = _applies
    prepare: User = _nothing
    phases: Sequence[str] = _SUCCEEDS


async def _two(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply("one")
    await namespace.apply("two")


async def _deletes_at_once(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.delete(RESOURCES, "demo")


def _deletes_when(phase: str) -> User:
    async def user(namespace: Namespace, _: Controllers) -> None:
        await namespace.apply()
        await namespace.reaches(phase)
        await namespace.delete(RESOURCES, "demo")

    return user


async def _replaces(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    await namespace.delete(RESOURCES, "demo")
    await namespace.apply()


async def _deletes_the_job(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    job = await namespace.job()
    await namespace.delete(JOBS, job["metadata"]["name"], propagationPolicy="Background")


async def _deletes_the_job_at_once(namespace: Namespace, _: Controllers) -> None:
    """Delete the Job before the status names it: the first status of a run waits for its pod."""
    await namespace.apply()
    job = await namespace.job()
    await namespace.until(lambda: any(pod["spec"].get("nodeName") for pod in namespace.all(PODS)))
    await namespace.delete(JOBS, job["metadata"]["name"], propagationPolicy="Background")


async def _hides_the_job_of_a_suspended_run(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    name = (await namespace.job())["metadata"]["name"]
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": True}})
    await namespace.patch(JOBS, name, {"metadata": {"labels": {JOB_NAME_LABEL: None}}})
    await namespace.reaches("Suspended")
    await namespace.until(lambda: not namespace.all(JOBS))
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": False}})


async def _takes_labels_away(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    name = (await namespace.job())["metadata"]["name"]
    await namespace.patch(JOBS, name, {"metadata": {"labels": {JOB_NAME_LABEL: None}}})
    await namespace.until(lambda: JOB_NAME_LABEL in namespace.objects[JOBS][name]["metadata"]["labels"])


async def _takes_the_name(namespace: Namespace, _: Controllers) -> None:
    made = await namespace.apply()
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    meta = {"name": runner_job_name("demo", uid_of(made), 1)}
    await namespace.create(JOBS, {"metadata": meta, "spec": {"template": template, "suspend": True}})


async def _lifts_a_quota(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.until(lambda: namespace.says("exceeded quota"))
    await namespace.delete("resourcequotas", "none")


async def _no_jobs(namespace: Namespace, _: Controllers) -> None:
    hard = {"count/jobs.batch": "0"}
    await namespace.create("resourcequotas", {"metadata": {"name": "none"}, "spec": {"hard": hard}})
    used = {"status": {"hard": hard, "used": dict.fromkeys(hard, "0")}}
    await namespace.patch("resourcequotas", "none/status", used)


async def _no_pods(namespace: Namespace, controllers: Controllers) -> None:
    """Act as the Job controller when a quota refuses a pod: post an Event."""
    controllers.held.set()
    await namespace.apply()
    job = await namespace.job()
    await namespace.patch(JOBS, f"{job['metadata']['name']}/status", {"status": {"startTime": objects.now()}})
    await namespace.create("events", _quota_event(namespace.name, job))
    await namespace.until(lambda: namespace.says("exceeded quota"))
    controllers.held.clear()
    await namespace.patch(JOBS, job["metadata"]["name"], {"metadata": {"annotations": {"quota": "lifted"}}})


def _quota_event(namespace: str, job: Body) -> Body:
    name = job["metadata"]["name"]
    about = {"apiVersion": "batch/v1", "kind": "Job", "namespace": namespace, "name": name}
    return {
        "metadata": {"name": f"{name}.1"},
        "involvedObject": {**about, "uid": uid_of(job)},
        "reason": "FailedCreate",
        "type": "Warning",
        "message": 'Error creating: pods "p" is forbidden: exceeded quota: none',
        "firstTimestamp": objects.now(),
        "lastTimestamp": objects.now(),
    }


async def _edits_the_ttl(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply(ttlSecondsAfterFinished=3600)
    await namespace.reaches("Running")
    await namespace.patch(RESOURCES, "demo", {"spec": {"ttlSecondsAfterFinished": 7200}})


async def _edits_the_ttl_later(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply(ttlSecondsAfterFinished=3600)
    await namespace.reaches("Succeeded")
    await namespace.patch(RESOURCES, "demo", {"spec": {"ttlSecondsAfterFinished": 7200}})


async def _suspends(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": True}})
    await namespace.reaches("Suspended")
    await namespace.until(lambda: not namespace.all(JOBS))
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": False}})


async def _applies_suspended(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply(suspend=True)
    await namespace.reaches("Suspended")
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": False}})


async def _allows_no_preemption(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply(preemptionLimit=0)


async def _deletes_the_namespace(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    await namespace.delete_all()


async def _queues(namespace: Namespace, controllers: Controllers) -> None:
    """Act as Kueue: suspend the Job, and admit it later."""
    controllers.held.set()
    await namespace.apply()
    name = (await namespace.job())["metadata"]["name"]
    await namespace.patch(JOBS, name, {"spec": {"suspend": True}})
    await namespace.reaches("Queued")
    controllers.held.clear()
    await namespace.patch(JOBS, name, {"spec": {"suspend": False}})


async def _misses_the_deadline(namespace: Namespace, controllers: Controllers) -> None:
    await namespace.apply(activeDeadlineSeconds=3600)
    await namespace.reaches("Running")
    controllers.held.set()
    job = await namespace.job()
    failed = objects.job_failed("DeadlineExceeded", "Job was active longer than specified deadline")
    decided, _ = failed["status"]["conditions"]
    name = f"{job['metadata']['name']}/status"
    await namespace.patch(JOBS, name, {"status": {"conditions": [decided]}})
    for pod in namespace.all(PODS):
        await namespace.delete(PODS, pod["metadata"]["name"], gracePeriodSeconds=0)
    await namespace.patch(JOBS, name, failed)


async def _misspells(namespace: Namespace, _: Controllers) -> None:
    train = {"train_iter": 9, "learning_rate": {"type": "Cosine"}}
    await namespace.apply(strategy={"UnstructurePrune": {"ratio": 0.75}, "TrainConfig": train})


async def _on_a_lost_node(pod: Pod) -> None:
    """Run on a lost node: the pod is deleted, but its end is not reported until the node is deleted."""
    await pod.binds("gpu-7")
    await pod.runs()
    await pod.is_deleted(grace_seconds=1)
    await pod.until_told("node gpu-7")
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}
    await pod.ends(137, conditions=[disrupted])


_crash = ends(1, "ValueError: broken program")
_preempted = ends(5, result("Preempted", "asked to stop"))
_evicted = ends(
    137, conditions=[{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}]
)
_reused = ends(0, result("Reused", metrics=METRICS, artifacts=ARTIFACTS))
_no_secret = waits("CreateContainerConfigError", 'secret "object-store" not found', well)
_missed_gate = ends(
    4, result("SparsityNotReached", "sparsity 0.61 is below 0.745", metrics=METRICS, artifacts=ARTIFACTS)
)
_stops = runs_until_deleted(5, result("Preempted", "asked to stop"))
_later = runs_until_user_is_done(well)
_again = (*_RUNS, *_SUCCEEDS)

SCENARIOS = (
    Scenario("success"),
    Scenario("two at once", user=_two),
    Scenario("failure", [ends(3, result("InputNotFound", "train.txt is missing"))], phases=_FAILS),
    Scenario("gate missed", [_missed_gate], phases=_FAILS),
    Scenario("retry", [_crash, well]),
    Scenario("retries used up", [_crash, _crash], phases=_FAILS),
    Scenario("preemption", [_preempted, well]),
    Scenario("eviction", [_evicted, well]),
    Scenario("node lost", [_on_a_lost_node, well], phases=_again),
    Scenario("bad runner JSON", [ends(0, '{"reason": "Succe'), _reused], phases=_again),
    Scenario("bad runner JSON twice", [ends(0, "{}")], phases=(*_RUNS, *_FAILS)),
    Scenario("termination message of 1 MB", [ends(1, "x" * _MEGABYTE), well]),
    Scenario("Secret missing, then made", [_no_secret]),
    Scenario("quota on Jobs", user=_lifts_a_quota, prepare=_no_jobs),
    Scenario("quota on Pods", user=_no_pods),
    Scenario("held by a queue", user=_queues, phases=("Pending", "Queued", *_SUCCEEDS)),
    # Its pods are deleted before the Job has failed; the operator may see either first.
    Scenario("deadline", [runs_on], user=_misses_the_deadline, phases=(*_RUNS, *_FAILS)),
    Scenario("invalid spec", user=_misspells, phases=("Failed",)),
    Scenario("NameConflict", prepare=_takes_the_name, user=_nothing, phases=("Pending", "Failed")),
    Scenario("Job deleted by hand", [runs_on, well], user=_deletes_the_job, phases=_again),
    # A pod that ends with 0 and no result is not an attempt, whether its end is seen before its Job's or not.
    Scenario(
        "Job deleted by hand, not its pod",
        [runs_until_deleted(0), well],
        user=_deletes_the_job,
        phases=_again,
    ),
    Scenario(
        "Job deleted at once, not its pod",
        [runs_until_deleted(0), well],
        user=_deletes_the_job_at_once,
        phases=_again,
    ),
    Scenario(
        "labels taken away while it is suspended",
        [_stops, well],
        user=_hides_the_job_of_a_suspended_run,
        phases=(*_RUNS, "Suspended", *_SUCCEEDS),
    ),
    Scenario("labels taken away", [_later], user=_takes_labels_away, phases=_again),
    Scenario(
        "suspended and resumed", [_stops, well], user=_suspends, phases=(*_RUNS, "Suspended", *_SUCCEEDS)
    ),
    Scenario("applied suspended", user=_applies_suspended, phases=("Suspended", *_SUCCEEDS)),
    Scenario("preempted too often", [_preempted, runs_on], user=_allows_no_preemption, phases=_FAILS),
    Scenario("ttl edited while it runs", [_later], user=_edits_the_ttl),
    Scenario("ttl edited after the end", user=_edits_the_ttl_later),
    Scenario("deleted at once", user=_deletes_at_once, phases=_SUCCEEDS),
    Scenario("deleted while pending", [never_starts], user=_deletes_when("Pending")),
    Scenario("deleted while running", [runs_on], user=_deletes_when("Running")),
    Scenario("deleted after the end", user=_deletes_when("Succeeded")),
    Scenario("replaced while running", [runs_on, well], user=_replaces, phases=_again),
    Scenario("namespace deleted", [runs_on], user=_deletes_the_namespace),
)

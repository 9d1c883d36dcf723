"""The scenarios: how the pods end, what a user does, and which phases are allowed.

Each consists of fates of pods (kubelet.py) and at most one small function (users.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from faults import users
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
from integration.operator.objects import ARTIFACTS, METRICS, SUCCEEDED, result

_RUNS = ("Pending", "Running")
_SUCCEEDS = (*_RUNS, "Succeeded")
_FAILS = (*_RUNS, "Failed")
_MEGABYTE = 2**20

well = ends(0, SUCCEEDED)


@dataclass(frozen=True)
class Scenario:
    """`prepare` runs before the operator starts, `user` after; only `phases` may occur, in this order."""

    name: str
    fates: Sequence[Fate] = (well,)
    user: users.User = users.applies
    prepare: users.User = users.nothing
    phases: Sequence[str] = _SUCCEEDS


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
    Scenario("two at once", user=users.applies_two),
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
    Scenario("quota on Jobs", user=users.lifts_a_quota, prepare=users.no_jobs),
    Scenario("quota on Pods", user=users.no_pods),
    Scenario("held by a queue", user=users.queues, phases=("Pending", "Queued", *_SUCCEEDS)),
    # Its pods are deleted before the Job has failed; the operator may see either first.
    Scenario("deadline", [runs_on], user=users.misses_the_deadline, phases=(*_RUNS, *_FAILS)),
    Scenario("invalid spec", user=users.misspells, phases=("Failed",)),
    Scenario("NameConflict", prepare=users.takes_the_name, user=users.nothing, phases=("Pending", "Failed")),
    Scenario("Job deleted by hand", [runs_on, well], user=users.deletes_the_job, phases=_again),
    # A pod that ends with 0 and no result is not an attempt, whether its end is seen before its Job's or not.
    Scenario(
        "Job deleted by hand, not its pod",
        [runs_until_deleted(0), well],
        user=users.deletes_the_job,
        phases=_again,
    ),
    Scenario(
        "Job deleted at once, not its pod",
        [runs_until_deleted(0), well],
        user=users.deletes_the_job_at_once,
        phases=_again,
    ),
    Scenario(
        "labels taken away while it is suspended",
        [_stops, well],
        user=users.hides_the_job_of_a_suspended_run,
        phases=(*_RUNS, "Suspended", *_SUCCEEDS),
    ),
    Scenario("labels taken away", [_later], user=users.takes_labels_away, phases=_again),
    Scenario(
        "suspended and resumed", [_stops, well], user=users.suspends, phases=(*_RUNS, "Suspended", *_SUCCEEDS)
    ),
    Scenario("applied suspended", user=users.applies_suspended, phases=("Suspended", *_SUCCEEDS)),
    Scenario("preempted too often", [_preempted, runs_on], user=users.allows_no_preemption, phases=_FAILS),
    Scenario("ttl edited while it runs", [_later], user=users.edits_the_ttl),
    Scenario("ttl edited after the end", user=users.edits_the_ttl_later),
    Scenario("deleted at once", user=users.deletes_at_once, phases=_SUCCEEDS),
    Scenario("deleted while pending", [never_starts], user=users.deletes_when("Pending")),
    Scenario("deleted while running", [runs_on], user=users.deletes_when("Running")),
    Scenario("deleted after the end", user=users.deletes_when("Succeeded")),
    Scenario("replaced while running", [runs_on, well], user=users.replaces, phases=_again),
    Scenario("namespace deleted", [runs_on], user=users.deletes_the_namespace),
)

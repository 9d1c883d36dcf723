"""Every state of a sweep, as the operator writes it: made by the plan itself, one step after the other."""

from typing import Any

from segcompress_api.sweep import SWEEP_KIND
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.plan import Refusal
from segcompress_operator.planning.sweeps.observed import SweepObserved
from segcompress_operator.planning.sweeps.plan import plan_sweep
from states import NEW, State, resource
from unit.operator.samples import NOW, SETTINGS
from unit.operator.sweeps.sweep_samples import (
    NAMES,
    RATIO,
    SWEEP,
    P,
    child,
    ended,
    make_sweep,
    spec_body,
    suspended,
)

QUOTA = "exceeded quota: trials, requested: count/segcompressionjobs.segcompress.dev=1, used: 8, limited: 8"
PAUSED = {"suspend": True}
"""The spec of a sweep that is suspended."""


def status_after(observed: SweepObserved, before: State, generation: int = 1, **spec: object) -> State:
    """Return the status that the operator writes next."""
    sweep = make_sweep(spec_body(**spec), before, generation=generation)
    made = plan_sweep(sweep, observed, SETTINGS, NOW)
    assert made.status is not None, "nothing to write"
    return {**before, **made.status.to_wire()}


def seen(*trials: Resource, **beside: Any) -> SweepObserved:
    return SweepObserved(trials, **beside)


def crashed(count: int) -> list[Resource]:
    return [child(index, P[index], ended("RunnerCrashed")) for index in range(count)]


def all_ended(reason: str = "Succeeded") -> list[Resource]:
    """Return all six trials of the grid, measured."""
    return [child(index, P[index], ended(reason, miou=0.8, latency=20 + index)) for index in range(len(P))]


def under_way() -> dict[str, State]:
    """Return the states of a sweep that goes on."""
    refusal = Refusal("Trial", QUOTA, NOW)
    return {
        "new": NEW,
        "running": status_after(seen(child(0, P[0]), child(1, P[1])), NEW),
        "quota-exceeded": status_after(seen(child(0, P[0]), refusal=refusal), NEW),
    }


def paused(running: State) -> dict[str, State]:
    """Return the states around a suspension; all but the last two have `spec.suspend: true`."""
    stops, rests = (child(0, P[0], suspended(stops=stops), suspend=True) for stops in (True, False))
    suspending = status_after(seen(stops), running, 2, **PAUSED)
    gone = status_after(seen(rests), suspending, 2, **PAUSED)
    return {
        "suspend-unseen": running,
        "suspending": suspending,
        "suspended": gone,
        "resume-unseen": gone,
        "resumed": status_after(seen(rests), gone, 3),
    }


def failures(running: State) -> dict[str, State]:
    """Return the ends of a sweep that failed, and the state before such an end."""
    failing = status_after(seen(*crashed(2), child(2, P[2])), running, maxFailedTrials=1)
    rests = child(2, P[2], suspended(), suspend=True)
    twice = {**RATIO, "values": ["0.5", "0.50"]}
    unmeasured = [{"metric": "compressed.sparsity", "goal": "Maximize"}]
    return {
        "failing": failing,
        "too-many-failed-trials": status_after(seen(*crashed(2), rests), failing, maxFailedTrials=1),
        "no-acceptable-trial": status_after(seen(*all_ended("AcceptanceNotMet")), running),
        "metric-not-measured": status_after(seen(*all_ended()), running, objectives=unmeasured),
        "invalid-spec": status_after(seen(), NEW, parameters=[twice]),
        "name-conflict": status_after(seen(conflict=NAMES[0]), NEW),
    }


def sweep_states() -> dict[str, State]:
    """Return each state's resource, by its name."""
    first = under_way()
    succeeded = status_after(seen(*all_ended()), first["running"])
    good = {
        "succeeded": succeeded,
        "edit-unseen": succeeded,
        "edited": status_after(seen(*all_ended()), succeeded, 2),
    }
    statuses = {**first, **paused(first["running"]), **good, **failures(first["running"])}
    stopped = ("suspend-unseen", "suspending", "suspended")
    generations = {**dict.fromkeys((*stopped, "edit-unseen", "edited"), 2), "resume-unseen": 3, "resumed": 3}
    return {
        name: resource(
            SWEEP_KIND, SWEEP, spec_body(suspend=name in stopped), status, generations.get(name, 1)
        )
        for name, status in statuses.items()
    }

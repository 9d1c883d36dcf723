"""Sweeps and trials as the API server sends them, for the tests of pure decisions."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from segcompress_api.naming import trial_name
from segcompress_api.sweep import SweepSpec
from segcompress_api.sweep_status import SweepStatus
from segcompress_api.trials import Trial
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.parsing import parse_resource
from segcompress_operator.planning.plan import Refusal
from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved, parse_sweep
from segcompress_operator.planning.sweeps.plan import SweepPlan, plan_sweep
from segcompress_operator.resources.names import Owner
from segcompress_operator.resources.trial import make_trial
from unit.operator.samples import NOW, SETTINGS, SPEC, at

Body = dict[str, Any]

SWEEP = Owner(namespace="vision", name="widths", uid="sweep-uid")
RATIO: Body = {"name": "ratio", "path": "strategy.UnstructurePrune.ratio", "values": ["0.5", "0.65", "0.8"]}
RATE: Body = {
    "name": "lr",
    "path": "strategy.TrainConfig.learning_rate",
    "range": {"min": "0.001", "max": "0.1", "scale": "Log"},
}
SEED: Body = {"name": "seed", "path": "seed", "values": ["1", "2"]}
OBJECTIVES = [
    {"metric": "compressed.miou", "goal": "Maximize"},
    {"metric": "compressed.latencyMs", "goal": "Minimize"},
]
EARLY = {"earlyStopping": {"name": "MedianStop", "startStep": 100, "minTrials": 2}}

P = [{"ratio": ratio, "seed": seed} for ratio in RATIO["values"] for seed in SEED["values"]]
NAMES = [trial_name(SWEEP.name, SWEEP.uid, index) for index in range(6)]
"""Points of these parameters, and the names of their trials."""


def spec_body(**changes: Any) -> Body:
    """Return a sweep's spec: six points, two at a time."""
    spec = {
        "template": {"spec": copy.deepcopy(SPEC)},
        "parameters": [RATIO, SEED],
        "algorithm": {"name": "Grid"},
        "objectives": OBJECTIVES,
        "maxTrials": 100,
        "parallelTrials": 2,
    }
    return {**spec, **changes}


def sweep_spec(**changes: Any) -> SweepSpec:
    return SweepSpec.model_validate(spec_body(**changes), by_name=False)


def sweep_body(spec: Body | None = None, status: Body | None = None, **meta: Any) -> Body:
    known = {
        "name": SWEEP.name,
        "namespace": SWEEP.namespace,
        "uid": SWEEP.uid,
        "generation": 1,
        "resourceVersion": "10",
        "creationTimestamp": at(-60),
    }
    return {
        "metadata": {**known, **meta},
        "spec": spec or spec_body(),
        "status": status or {"observedGeneration": -1},
    }


def make_sweep(spec: Body | None = None, status: Body | None = None, **meta: Any) -> Sweep:
    return parse_sweep(sweep_body(spec, status, **meta))


def metrics(miou: float, latency: float, drop: float = 0.001) -> Body:
    return {
        "baseline": {"miou": "0.9000", "sizeBytes": 5},
        "compressed": {"miou": f"{miou:.4f}", "latencyMs": f"{latency:.3f}", "sizeBytes": 5},
        "miouDrop": f"{drop:.4f}",
    }


def ended(reason: str = "Succeeded", **figures: float) -> Body:
    """Return the status of a trial that ended; `figures` as for `metrics`."""
    good = reason in ("Succeeded", "Reused")
    finished = {"type": "Finished", "status": "True", "reason": reason, "lastTransitionTime": at(-1)}
    measured = {"metrics": metrics(**figures)} if figures else {}
    return {
        "observedGeneration": 1,
        "phase": "Succeeded" if good else "Failed",
        "conditions": [finished],
        **measured,
    }


def suspended(*, stops: bool = False) -> Body:
    conditions = [
        {"type": "Suspended", "status": "True", "reason": "Suspended", "lastTransitionTime": at(-1)},
        {
            "type": "Reconciling",
            "status": "True" if stops else "False",
            "reason": "Suspended",
            "lastTransitionTime": at(-1),
        },
    ]
    return {"observedGeneration": 1, "phase": "Suspended", "conditions": conditions}


def child_body(
    index: int, point: Mapping[str, str], status: Body | None = None, *, suspend: bool = False, **meta: Any
) -> Body:
    """Return a trial as the API server has it."""
    made = make_trial(SWEEP, index, {**copy.deepcopy(SPEC), "suspend": suspend}, point)
    known = {"uid": f"trial-{index}", "generation": 1, "resourceVersion": "20", "creationTimestamp": at(-30)}
    made["metadata"] = {**made["metadata"], **known, **meta}
    return {**made, "status": status or {"observedGeneration": -1}}


def child(
    index: int, point: Mapping[str, str], status: Body | None = None, *, suspend: bool = False
) -> Resource:
    return parse_resource(child_body(index, point, status, suspend=suspend))


def plan(
    *children: Resource,
    spec: Body | None = None,
    status: Body | None = None,
    refusal: Refusal | None = None,
    known: tuple[Trial, ...] | None = None,
    conflict: str = "",
) -> SweepPlan:
    observed = SweepObserved(children, refusal, known, conflict)
    return plan_sweep(make_sweep(spec, status), observed, SETTINGS, NOW)


def points(made: SweepPlan) -> list[Body]:
    """Return the parameters of the trials that a plan makes."""
    annotations = (manifest["metadata"]["annotations"] for manifest in made.create)
    return [json.loads(each["segcompress.dev/parameters"]) for each in annotations]


def names(made: SweepPlan) -> list[str]:
    return [manifest["metadata"]["name"] for manifest in made.create]


def status_of(made: SweepPlan) -> SweepStatus:
    assert made.status is not None
    return made.status


def again(made: SweepPlan) -> Body:
    """Return the status that a plan writes, as the next one reads it."""
    return status_of(made).to_wire()


def conditions(made: SweepPlan) -> dict[str, str]:
    return {c.type: c.status for c in status_of(made).conditions}


def message(made: SweepPlan, type_: str) -> tuple[str, str]:
    found = next(c for c in status_of(made).conditions if c.type == type_)
    return found.reason, found.message


def curve(*mious: float, every: int = 100) -> Body:
    """Return the evaluations of a status: one after each `every` steps."""
    return {
        "evaluations": [
            {"step": every * number, "miou": f"{miou:.4f}"} for number, miou in enumerate(mious, start=1)
        ]
    }


def trial(index: int, point: Mapping[str, str], state: Any = "Succeeded", **figures: str) -> Trial:
    named = {name.replace("_", "."): text for name, text in figures.items()}
    return Trial(index, f"widths-{index}", point, state, figures=named)

"""A sweep of many trials, and finished trials of it written straight into etcd."""

import json
from collections.abc import Iterator
from typing import Any

from bench.operator.copies import Pair, Run, copies, put

from devcluster.controlplane import ControlPlane
from integration.operator import objects
from integration.operator.async_api import Body
from integration.operator.sweep_stage import RANGES, sweep_body, sweep_spec
from segcompress_api.naming import PARAMETERS_ANNOTATION, TRIAL_LABEL, trial_name
from segcompress_api.sweep import SWEEP_NAME_LABEL

NAME = "large"

_GOLDEN, _PLASTIC = 0.6180339887, 0.7548776662
"""Multiples of these, without their integers, are spread evenly, and no two are equal."""


def large_sweep(trials: int, parallel: int, *, suspend: bool = False) -> Body:
    """Return a Random sweep, whose search checks each new point against all earlier ones."""
    spec = sweep_spec(
        parameters=RANGES,
        algorithm={"name": "Random", "seed": 1},
        constraints=[{"metric": "miouDrop", "max": "0.02"}],
        maxTrials=trials,
        parallelTrials=parallel,
        suspend=suspend,
    )
    return sweep_body(NAME, spec)


def fill_trials(plane: ControlPlane, run: Run, sweep: Body, count: int) -> None:
    """Write the sweep's first trials into etcd, finished as the run is, each with its own figures."""
    put(plane, (pair for index in range(count) for pair in _trial(run, sweep, index)))


def points_of(count: int) -> list[str]:
    """Return the annotations of the first `count` trials."""
    return [json.dumps(_point(index)) for index in range(count)]


def _trial(run: Run, sweep: Body, index: int) -> Iterator[Pair]:
    meta = sweep["metadata"]
    name = trial_name(meta["name"], meta["uid"], index)
    (key, text), *others = copies(run, meta["namespace"], name)
    trial = json.loads(text)
    trial["metadata"] |= {
        "labels": {SWEEP_NAME_LABEL: meta["name"], TRIAL_LABEL: str(index)},
        "annotations": {PARAMETERS_ANNOTATION: json.dumps(_point(index))},
        "ownerReferences": [_owner(sweep)],
    }
    trial["status"]["metrics"] = _metrics(index)
    yield key, json.dumps(trial)
    yield from others


def _owner(sweep: Body) -> dict[str, Any]:
    kind = {"apiVersion": sweep["apiVersion"], "kind": sweep["kind"]}
    return {**kind, "name": sweep["metadata"]["name"], "uid": sweep["metadata"]["uid"], "controller": True}


def _point(index: int) -> dict[str, str]:
    ratio, rate = index * _GOLDEN % 1.0, index * _PLASTIC % 1.0
    return {"ratio": f"{0.3 + 0.65 * ratio:.6g}", "rate": f"{0.0005 * 100**rate:.6g}"}


def _metrics(index: int) -> Body:
    share = index * _GOLDEN % 1.0
    compressed = {"miou": f"{0.93 - 0.1 * share * share:.4f}", "latencyMs": f"{56 - 30 * share:.3f}"}
    measured = {**objects.METRICS["compressed"], **compressed}
    return {**objects.METRICS, "compressed": measured, "miouDrop": f"{0.1 * share * share:.4f}"}

"""What a decision needs to know of each trial: index, point, state and metrics."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from segcompress_api.naming import trial_name
from segcompress_api.progress import Stage
from segcompress_api.trials import Curve, Trial, end_state, figures_of, point_of
from segcompress_operator.planning.observed import Resource
from segcompress_operator.resources.names import Owner

_UNDER_WAY = 2**11
"""Statuses of running trials that are remembered: each lasts until its pod's next report."""


def trials_of(owner: Owner, children: Iterable[Resource]) -> list[Trial]:
    """Return the sweep's trials in the order of their index."""
    found = (trial_of(owner, child) for child in children)
    return sorted((trial for trial in found if trial is not None), key=index_of)


def index_of(trial: Trial) -> int:
    """Return the index, by which trials are sorted."""
    return trial.index


def trial_of(owner: Owner, child: Resource) -> Trial | None:
    """Return the job as a trial of the sweep, None if it is none.

    Anybody may write our labels and references onto a job of theirs: a trial is one by namespace and name.
    """
    mark = child.trial
    if mark is None or child.namespace != owner.namespace:
        return None
    if child.owner.name != trial_name(owner.name, owner.uid, mark.index):
        return None
    point = point_of(mark.parameters)
    return ended_trial(child, mark.index, point) if child.finished else _running(child, mark.index, point)


def ended_trial(child: Resource, index: int, point: Mapping[str, str]) -> Trial:
    """Return a finished job as a trial."""
    status = json.loads(child.status)
    _, reason = _condition(status, "Finished")
    return Trial(
        index,
        child.owner.name,
        point,
        end_state(child.phase, reason),
        child.suspend,
        figures=figures_of(status.get("metrics") or {}),
        curve=_curve(status),
    )


def _running(child: Resource, index: int, point: Mapping[str, str]) -> Trial:
    """Return a job that runs as a trial.

    A retried pod that finds its weights published does not train, and another one has yet to begin: its
    curve is that of a training that is over.
    """
    status = json.loads(child.status)
    curve, stage = _curve(status), (status.get("progress") or {}).get("stage")
    return Trial(
        index,
        child.owner.name,
        point,
        "Running",
        child.suspend,
        at_rest=child.phase == "Suspended" and _condition(status, "Reconciling")[0] == "False",
        curve=curve,
        is_trained=bool(curve) and stage != Stage.COMPRESS,
        uid=child.uid,
    )


@lru_cache(maxsize=_UNDER_WAY)
def curve_of(status: bytes) -> Curve:
    """Return the evaluations in the status of a job that runs."""
    return _curve(json.loads(status)) if b'"evaluations"' in status else ()


def _curve(status: Mapping[str, Any]) -> Curve:
    found = status.get("evaluations") or ()
    return tuple((int(each["step"]), float(each["miou"])) for each in found)


def _condition(status: Mapping[str, Any], type_: str) -> tuple[str, str]:
    """Return status and reason of a job's condition."""
    found = (each for each in status.get("conditions", ()) if each.get("type") == type_)
    return next(((str(each.get("status", "")), str(each.get("reason", ""))) for each in found), ("", ""))

"""What a decision needs to know of each trial: index, point, state and metrics."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from segcompress_api.naming import trial_name
from segcompress_api.progress import Stage
from segcompress_api.trials import Curve, Trial, end_state, figures_of, point_of
from segcompress_operator.planning.observed import Resource
from segcompress_operator.resources.names import Owner

_REMEMBERED = 2**15

_UNDER_WAY = 2**11
"""Statuses of running trials are remembered apart: each lasts until its pod's next report."""


def trials_of(owner: Owner, children: Iterable[Resource]) -> list[Trial]:
    """Return the sweep's trials in the order of their index.

    Anybody may write our labels and references onto a job of theirs: a trial is one by its name.
    """
    found = (_trial(child, owner) for child in children)
    return sorted((trial for trial in found if trial is not None), key=lambda trial: trial.index)


def first_free(trials: Sequence[Trial], count: int, end: int) -> list[int]:
    """Return the `count` lowest free indices below `end`, or fewer if there are fewer."""
    taken = {trial.index for trial in trials}
    free: list[int] = []
    for index in range(end):
        if len(free) >= count:
            break
        if index not in taken:
            free.append(index)
    return free


def _trial(child: Resource, owner: Owner) -> Trial | None:
    mark, name = child.trial, child.owner.name
    if mark is None or name != trial_name(owner.name, owner.uid, mark.index):
        return None
    point = _point(mark.parameters)
    if not child.finished:
        at_rest = child.phase == "Suspended" and _condition(child.status, "Reconciling")[0] == "False"
        curve, is_trained = curve_of(child.status), _is_trained(child.status)
        return Trial(
            mark.index,
            name,
            point,
            "Running",
            child.suspend,
            at_rest,
            curve=curve,
            is_trained=is_trained,
            uid=child.uid,
        )
    return ended_trial(child, mark.index, point)


def ended_trial(child: Resource, index: int, point: Mapping[str, str]) -> Trial:
    """Return a finished job as a trial."""
    state = end_state(child.phase, _condition(child.status, "Finished")[1])
    figures, curve = _figures(child.status), _last_curve(child.status)
    return Trial(index, child.owner.name, point, state, child.suspend, figures=figures, curve=curve)


def _read_curve(status: bytes) -> Curve:
    found = json.loads(status).get("evaluations") or () if b'"evaluations"' in status else ()
    return tuple((int(each["step"]), float(each["miou"])) for each in found)


_last_curve = lru_cache(maxsize=_REMEMBERED)(_read_curve)


@lru_cache(maxsize=_UNDER_WAY)
def curve_of(status: bytes) -> Curve:
    """Return the evaluations in the status of a job that runs."""
    return _read_curve(status)


@lru_cache(maxsize=_UNDER_WAY)
def _is_trained(status: bytes) -> bool:
    """Return whether the training that produced a running job's evaluations is over.

    A retried pod that finds its weights published does not train, and another one has yet to begin.
    """
    if b'"evaluations"' not in status:
        return False
    return (json.loads(status).get("progress") or {}).get("stage") != Stage.COMPRESS


_point = lru_cache(maxsize=_REMEMBERED)(point_of)


@lru_cache(maxsize=_REMEMBERED)
def _condition(status: bytes, type_: str) -> tuple[str, str]:
    """Return status and reason of a job's condition."""
    found = (each for each in json.loads(status).get("conditions", ()) if each.get("type") == type_)
    return next(((str(each.get("status", "")), str(each.get("reason", ""))) for each in found), ("", ""))


@lru_cache(maxsize=_REMEMBERED)
def _figures(status: bytes) -> Mapping[str, str]:
    """Return a job's metrics by their dotted names."""
    return figures_of(json.loads(status).get("metrics") or {})

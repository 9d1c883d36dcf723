"""How much each parameter explains of an objective: Optuna's fANOVA on the trials that have figures.

The only module here that imports Optuna, which the extra `operator` brings. Source of the method: Hutter,
Hoos, Leyton-Brown: An efficient approach for assessing hyperparameter importance, ICML 2014; optuna 5.0,
importance/_fanova.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from segcompress_runner.outputs.sweep.axes import Axis, Steps, axis_of
from segcompress_runner.outputs.sweep.swept import Swept

LEAST = 10
"""Minimum number of trials with metrics: a forest of fewer says nothing."""

MOST = 1000
"""Only the newest trials are used: more take long and change little."""

_SEED = 0


@dataclass(frozen=True)
class Importance:
    """Shares by parameter, the largest first, for each objective; or why there are none."""

    shares: Mapping[str, Mapping[str, float]]
    """By metric, then by parameter; 0 to 1, in all 1. Objectives that no parameter changed are missing."""
    trials: int
    missing: str = ""


def importance_of(swept: Swept) -> Importance:
    """Return the importance of each parameter for each objective."""
    axes = {one.name: axis_of(one) for one in swept.spec.parameters}
    measured = _measured(swept, axes)
    why = _missing(axes, measured)
    if why:
        return Importance({}, len(measured), why)
    metrics: list[str] = [one.metric for one in swept.spec.objectives]
    changed = [place for place in range(len(metrics)) if len({values[place] for _, values in measured}) > 1]
    found = {metrics[place]: _shares(axes, measured, place) for place in changed}
    shares = {metric: each for metric, each in found.items() if each}
    return Importance(shares, len(measured), "" if shares else "No parameter changed any objective.")


_Measured = Sequence[tuple[Mapping[str, float], Sequence[float]]]


def _measured(swept: Swept, axes: Mapping[str, Axis]) -> _Measured:
    """Return point and metrics of each trial that has both."""
    found = []
    for one in swept.trials:
        places = {name: axis.at(one.trial.point.get(name, "")) for name, axis in axes.items()}
        values = swept.target.values(one.trial)
        known = {name: place for name, place in places.items() if place is not None}
        if values is not None and len(known) == len(axes):
            found.append((known, values))
    return found[-MOST:]


def _missing(axes: Mapping[str, Axis], measured: _Measured) -> str:
    if len(axes) == 1:
        return "There is only one parameter."
    if len(measured) < LEAST:
        return f"{len(measured)} trials have metrics; at least {LEAST} are needed."
    if find_spec("optuna") is None:
        return "It is computed by Optuna, which is not installed here: install segcompress[operator]."
    return ""


def _shares(axes: Mapping[str, Axis], measured: _Measured, place: int) -> dict[str, float]:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances
    from optuna.trial import create_trial

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions: dict[str, BaseDistribution] = {
        name: CategoricalDistribution(_places(axis))
        if isinstance(axis, Steps) and not axis.ordered
        else FloatDistribution(0, 1)
        for name, axis in axes.items()
    }
    study = optuna.create_study()
    for point, values in measured:
        study.add_trial(create_trial(value=values[place], params=dict(point), distributions=distributions))
    try:
        found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=_SEED))
    except RuntimeError:  # no tree has a split: every parameter had one value
        return {}
    return {name: float(share) for name, share in found.items()}


def _places(axis: Steps) -> list[float]:
    return [place for place in map(axis.at, axis.texts) if place is not None]

"""Proposals that learn from earlier trials: Optuna's samplers, on a study that is rebuilt each time.

The only module that imports Optuna. Nothing is kept between two decisions: the study holds what the trials
say, the seed follows from the spec and the trial's index, and so the same trials give the same proposal.
Source of the samplers: optuna 5.0, samplers/_tpe/sampler.py and samplers/nsgaii/_sampler.py.
"""

from collections.abc import Sequence

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from segcompress_api.space import Axis, Choices, Interval, Point, Space, derived
from segcompress_api.sweep import Algorithm
from segcompress_api.trials import Target, Trial
from segcompress_operator.planning.sweeps.search import Tried

ATTEMPTS = 32
"""Draws for one trial before an untried point is taken at random."""

UNMEASURED = 1e12
"""By how much a trial that was stopped early violates its constraint: figures have no more digits."""

optuna.logging.set_verbosity(optuna.logging.WARNING)

_DIRECTIONS = {"Maximize": StudyDirection.MAXIMIZE, "Minimize": StudyDirection.MINIMIZE}

Coded = dict[str, int | float]


def propose(
    algorithm: Algorithm, target: Target, space: Space, tried: Tried, indices: Sequence[int]
) -> dict[int, Point]:
    """Return a new point for each index, until there is none left."""
    search = _Search(algorithm, target, space, tried)
    proposed = {}
    for index in indices:
        point = search.next(index)
        if point is None:
            break  # nothing new is left, and to find that out takes a quarter of a second
        proposed[index] = point
    return proposed


class _Search:
    """One decision: the study of the trials, and the points that are already tried."""

    def __init__(self, algorithm: Algorithm, target: Target, space: Space, tried: Tried) -> None:
        self._algorithm = algorithm
        self._space = space
        self._distributions = {name: _distribution(axis) for name, axis in space.axes.items()}
        self._tried = tried.keys
        self._proposed: set[tuple[str, ...]] = set()
        self._study = optuna.create_study(directions=[_DIRECTIONS[each.goal] for each in target.objectives])
        measured = 0
        for trial in tried.newest:
            frozen = self._frozen(trial, target, generation=measured // algorithm.startup_trials)
            if frozen is not None:
                self._study.add_trial(frozen)
                measured += frozen.state == TrialState.COMPLETE

    def next(self, index: int) -> Point | None:
        """Return an untried point and count it as running; None if there is none."""
        drawn = (self._ask(derived(self._algorithm.seed, index, attempt)) for attempt in range(ATTEMPTS))
        point = next((point for point in drawn if self._is_new(point)), None) or self._untried(index)
        if point is not None:
            self._proposed.add(self._space.key(point))
            self._study.add_trial(self._running(self._coded(point) or {}))
        return point

    def _ask(self, seed: int) -> Point:
        self._study.sampler = _sampler(self._algorithm, seed)
        asked = self._study.ask(self._distributions)
        self._study.tell(asked, state=TrialState.FAIL)
        return {name: _text(axis, asked.params[name]) for name, axis in self._space.axes.items()}

    def _untried(self, index: int) -> Point | None:
        """Return an untried point at random: among more points than are tried, one is free."""
        size, seed = self._space.size, self._algorithm.seed
        if size is None:
            drawn = (self._space.at_random(index, seed, attempt) for attempt in range(ATTEMPTS))
        else:
            taken = len(self._tried) + len(self._proposed)
            drawn = (self._space.at_random(each, seed) for each in range(min(size, taken + 1)))
        return next((point for point in drawn if self._is_new(point)), None)

    def _is_new(self, point: Point) -> bool:
        key = self._space.key(point)
        return key not in self._tried and key not in self._proposed

    def _frozen(self, trial: Trial, target: Target, generation: int) -> FrozenTrial | None:
        """Return the trial as an Optuna trial, None if nothing can be learned from it."""
        coded = self._coded(trial.point)
        if coded is None:
            return None
        if not trial.ended:
            return self._running(coded)
        if trial.state == "Stopped":
            return self._stopped(trial, target, coded)
        values = target.values(trial)
        if values is None:
            return None
        return create_trial(
            values=values,
            params=coded,
            distributions=self._distributions,
            constraints={str(number): excess for number, excess in enumerate(target.excess(trial))},
            system_attrs={NSGAIISampler._get_generation_key(): generation},  # noqa: SLF001 - no public way
        )

    def _stopped(self, trial: Trial, target: Target, coded: Coded) -> FrozenTrial:
        """Return a trial that was stopped early.

        TPE would rank it before trials that violate a constraint. It violates one itself, by so much that it
        comes after all that were measured, those with fewer steps last, and then those with less mIoU. With
        several objectives it counts as a running one does: as bad. NSGA-II ignores either.
        """
        if len(target.objectives) > 1 or not trial.curve:
            return self._running(coded)
        step, miou = trial.curve[-1]
        return create_trial(
            state=TrialState.PRUNED,
            params=coded,
            distributions=self._distributions,
            constraints={"stopped": UNMEASURED - step - miou},
        )

    def _running(self, coded: Coded) -> FrozenTrial:
        return create_trial(state=TrialState.RUNNING, params=coded, distributions=self._distributions)

    def _coded(self, point: Point) -> Coded | None:
        """Return the point in Optuna's numbers, None if it is not in the space."""
        coded = {name: _number(axis, point.get(name, "")) for name, axis in self._space.axes.items()}
        known = {name: number for name, number in coded.items() if number is not None}
        return known if len(known) == len(coded) else None


def _sampler(algorithm: Algorithm, seed: int) -> BaseSampler:
    if algorithm.name == "NSGAII":
        return NSGAIISampler(seed=seed, population_size=algorithm.startup_trials)
    return TPESampler(seed=seed, n_startup_trials=algorithm.startup_trials)


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, Interval):
        if axis.whole:
            return IntDistribution(int(axis.least), int(axis.greatest), log=axis.log)
        return FloatDistribution(axis.least, axis.greatest, log=axis.log)
    if isinstance(axis, Choices) and not axis.ordered:
        return CategoricalDistribution(range(axis.size))
    return IntDistribution(0, axis.size - 1)


def _text(axis: Axis, number: float) -> str:
    return axis.text(number) if isinstance(axis, Interval) else axis.at(int(number))


def _number(axis: Axis, text: str) -> float | None:
    if not isinstance(axis, Interval):
        return axis.index(text)
    number = axis.number(text)
    return int(number) if number is not None and axis.whole else number

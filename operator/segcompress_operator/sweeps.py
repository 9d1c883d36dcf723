"""The observed state of SegCompressionSweeps; their trials are in `runs`."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from segcompress_api.trials import Curve, Trial
from segcompress_operator.kinds import SWEEPS, Kind, Ref
from segcompress_operator.planning.bodies import SweepBody
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.parsing import Body
from segcompress_operator.planning.plan import Refusal
from segcompress_operator.planning.sweeps.early import EarlyStop
from segcompress_operator.planning.sweeps.history import Memo
from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved, parse_sweep
from segcompress_operator.planning.sweeps.trials import curve_of
from segcompress_operator.watching.sinks import StoreSink
from segcompress_operator.watching.store import NamedStore, Scope
from segcompress_operator.watching.stream import Sink

ROUND_SECONDS = 1.0
"""A sweep is reconciled at most once in this time: what its trials do in between costs one status write.

Source: the Job controller gathers the changes of a Job's pods for as long (syncJobBatchPeriod).
"""


class Trials(Protocol):
    """The observed jobs."""

    def owned(self, owner_uid: str) -> list[Resource]:
        """Return the jobs with that controller."""

    def is_known(self, namespace: str) -> bool:
        """Return whether all jobs of the namespace are known."""

    def written(self, body: Body) -> None:
        """Take in the answer to a write of a job."""

    def stop_early(self, uid: str, why: str) -> None:
        """Have the job with that uid stopped."""


class Sweeps:
    """Calls `wake` with a sweep's key and a delay in seconds whenever its observed state changes."""

    def __init__(
        self,
        wake: Callable[[Ref, float], None],
        trials: Trials,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wake = wake
        self._trials = trials
        self._clock = clock
        self._sweeps: NamedStore[Sweep] = NamedStore(self._sweep_changed, self.scope_listed)
        self._refusals: dict[str, Refusal] = {}
        self._refused_changes: dict[str, dict[str, Refusal]] = {}
        self._known: dict[str, tuple[Trial, ...]] = {}
        self._memos: dict[str, Memo] = {}
        self._begun: dict[str, float] = {}
        self._in_flight: dict[str, int] = {}

    def sinks(self) -> Mapping[Kind, Sink]:
        """Return the sink of the kind's stream."""
        return {SWEEPS: StoreSink(self._sweeps, parse_sweep, SweepBody)}

    def sweep(self, ref: Ref) -> Sweep | None:
        """Return the sweep, None if it is gone or its namespace is not listed yet."""
        sweep = self._sweeps.named(ref)
        return sweep if sweep is not None and self._is_known(sweep.namespace) else None

    def is_outdated(self, sweep: Sweep) -> bool:
        """Return whether the sweep is gone or its spec has been changed since."""
        now = self.sweep(sweep.ref)
        return now is None or (now.uid, now.generation) != (sweep.uid, sweep.generation)

    def observe(self, sweep: Sweep) -> SweepObserved:
        """Return the observed trials of the sweep."""
        uid, children = sweep.uid, tuple(self._trials.owned(sweep.uid))
        memo = self._memo(uid)
        return SweepObserved(
            children,
            self._refusals.get(uid),
            self._known.get(uid),
            in_flight=self._in_flight.get(uid, 0),
            refused=dict(self._refused_changes.get(uid, {})),
            memo=memo,
        )

    def begin(self, sweep: Sweep) -> None:
        """Note that a reconciliation of the sweep begins."""
        if self._sweeps.get(sweep.uid) is not None:
            self._begun[sweep.uid] = self._clock()

    def planned(self, sweep: Sweep, running: int) -> None:
        """Note how many trials run when a round is planned."""
        if self._sweeps.get(sweep.uid) is not None:
            self._in_flight[sweep.uid] = running

    def delay(self, sweep: Sweep) -> float:
        """Return how many seconds the sweep's next reconciliation waits for further changes."""
        begun = self._begun.get(sweep.uid)
        return 0.0 if begun is None else max(begun + ROUND_SECONDS - self._clock(), 0.0)

    def known_read(self, sweep: Sweep, known: tuple[Trial, ...]) -> None:
        """Keep the known trials of a sweep until it ends."""
        if self._sweeps.get(sweep.uid) is not None:
            self._known[sweep.uid] = known

    def note_refusal(self, sweep: Sweep, refusal: Refusal) -> None:
        """Remember why a trial cannot be created, for later plans."""
        if self._sweeps.get(sweep.uid) is not None:
            self._refusals[sweep.uid] = refusal.after(self._refusals.get(sweep.uid))

    def note_refused_change(self, sweep: Sweep, name: str, refusal: Refusal) -> None:
        """Remember why the `suspend` of a trial was not changed, until it or the sweep's spec changes."""
        if not self.is_outdated(sweep):
            refused = self._refused_changes.setdefault(sweep.uid, {})
            refused[name] = refusal.after(refused.get(name))

    def written(self, body: Body) -> None:
        """Take in the answer to a write of the sweep's status."""
        self._sweeps.answered(parse_sweep(body))

    def trial_made(self, sweep: Sweep, body: Body) -> None:
        """Take in a trial that was created."""
        self._refusals.pop(sweep.uid, None)
        if sweep.uid in self._in_flight:
            self._in_flight[sweep.uid] += 1
        self._trials.written(body)

    def trial_written(self, body: Body) -> None:
        """Take in the answer to a write of a trial."""
        self._trials.written(body)

    def stop_trial(self, stop: EarlyStop) -> None:
        """Have a trial stopped early, and not one that was created again under its name since."""
        self._trials.stop_early(stop.uid, stop.why)

    def child_changed(self, old: Resource | None, new: Resource | None) -> None:
        """Reconcile the sweep of a job if anything relevant to it changed."""
        same = old is not None and new is not None and _facts(old) == _facts(new)
        for uid in dict.fromkeys(each.owner_uid for each in (old, new) if each is not None):
            sweep = self._sweeps.get(uid)
            if old is not None and (new is None or new.suspend != old.suspend):
                self._refused_changes.get(uid, {}).pop(old.owner.name, None)
            if not same or (sweep and sweep.stops_early and _curve(old) != _curve(new)):
                self._changed(sweep)

    def scope_listed(self, scope: Scope) -> None:
        """Reconcile every sweep of a scope once the scope is listed."""
        for sweep in self._within(scope):
            self._changed(sweep)

    def _memo(self, uid: str) -> Memo:
        """Return what the sweep's last round remembered; of one that has ended, nothing is kept."""
        sweep = self._sweeps.get(uid)
        return Memo() if sweep is None or sweep.finished else self._memos.setdefault(uid, Memo())

    def _within(self, scope: Scope) -> Iterable[Sweep]:
        return (sweep for sweep in self._sweeps if scope in (None, sweep.namespace))

    def _is_known(self, namespace: str) -> bool:
        return self._sweeps.is_listed(namespace) and self._trials.is_known(namespace)

    def _changed(self, sweep: Sweep | None) -> None:
        if sweep is not None and self._is_known(sweep.namespace):
            self._wake(sweep.ref, self.delay(sweep))

    def _sweep_changed(self, old: Sweep | None, new: Sweep | None) -> None:
        if new is None:
            if old is not None:
                self._forget(old)
            return
        if old is not None and old.generation != new.generation:
            self._refused_changes.pop(new.uid, None)
        if new.finished:
            self._known.pop(new.uid, None)
            self._memos.pop(new.uid, None)
        self._changed(new)

    def _forget(self, sweep: Sweep) -> None:
        self._refusals.pop(sweep.uid, None)
        self._refused_changes.pop(sweep.uid, None)
        self._known.pop(sweep.uid, None)
        self._memos.pop(sweep.uid, None)
        self._begun.pop(sweep.uid, None)
        self._in_flight.pop(sweep.uid, None)


def _facts(child: Resource) -> tuple[object, ...]:
    """Return the facts of a job that matter to any sweep; its progress is not one of them."""
    stopping = child.status if child.phase == "Suspended" else b""
    return (child.trial, child.phase, child.finished, child.settled, child.suspend, child.deleting, stopping)


def _curve(child: Resource | None) -> Curve:
    return () if child is None else curve_of(child.status)

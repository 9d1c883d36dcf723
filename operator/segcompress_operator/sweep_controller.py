"""Reconciles sweeps: observe, plan, apply. Trials first, then one status write per reconciliation."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from segcompress_operator.cluster import Cluster
from segcompress_operator.errors import GoneError, RetryableError
from segcompress_operator.kinds import COMPRESSION_JOBS, Ref
from segcompress_operator.planning.plan import Refusal
from segcompress_operator.planning.statuses import status_patch
from segcompress_operator.planning.sweeps.known import KnownJob, KnownQuery, as_trials, newest
from segcompress_operator.planning.sweeps.making import TRIALS_A_ROUND
from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan
from segcompress_operator.sweeps import Sweeps
from segcompress_operator.trial_writes import TrialWriter
from segcompress_operator.writes import write_status

logger = logging.getLogger(__name__)

SweepPlanMaker = Callable[[Sweep, SweepObserved, datetime], SweepPlan]


class SweepController:
    """Brings sweeps to their desired state."""

    def __init__(
        self,
        known: Sweeps,
        plan: SweepPlanMaker,
        cluster: Cluster,
        clock: Callable[[], datetime],
        spread_seconds: float = 0.0,
    ) -> None:
        self._known = known
        self._plan_for = plan
        self._cluster = cluster
        self._clock = clock
        self._trials = TrialWriter(known, cluster, clock, spread_seconds)

    async def reconcile(self, ref: Ref) -> float | None:
        """Reconcile once; return the seconds until the next time, None to wait for a watch event.

        If a trial could not be written for now, the status says how the sweep stands before the error asks
        for another try.
        """
        sweep = self._known.sweep(ref)
        if sweep is None:
            self._trials.forget(ref)
            return None
        self._known.begin(sweep)
        any_unanswered = await self._trials.find_unanswered(sweep)
        plan = await self._plan(sweep)
        if plan.read_known is not None:
            await self._read_known(sweep, plan.read_known)
            plan = await self._plan(sweep)
        first, is_full = _first(plan), len(plan.suspend) >= TRIALS_A_ROUND
        failure: RetryableError | None = None
        self._known.planned(sweep, plan.running)
        if first:
            # A webhook that does not answer would hold as many connections as there are requests.
            at_once = 1 if any_unanswered else plan.at_once
            plan, failure = await self._write_trials(sweep, replace(plan, at_once=at_once))
        for stop in plan.stop:
            self._known.stop_trial(stop)
        try:
            await self._write(sweep, plan)
        except GoneError:
            logger.debug("%s: is gone", ref)
            return None
        if failure is not None:
            raise failure
        if first and _first(plan) == first:
            raise RetryableError(f"{ref}: trial {first} is not yet what it is to be")
        if _first(plan):
            # The rest of many suspensions follows at once; a place that became free waits as any change does.
            return 0.0 if is_full else self._known.delay(sweep)
        # Trials that were refused one after the other are tried again together.
        again = plan.requeue_after
        return None if again is None else max(again, self._known.delay(sweep))

    async def _write_trials(self, sweep: Sweep, plan: SweepPlan) -> tuple[SweepPlan, RetryableError | None]:
        """Create and change trials; return the next plan, and the error that stopped the writes."""
        try:
            await self._trials.suspend(sweep, plan.suspend)
            conflict = await self._trials.create(sweep, plan.create, plan.at_once)
        except RetryableError as error:
            refusal = Refusal("Trial", f"trials were not written: {error}", self._clock(), transient=True)
            return await self._plan_again(sweep, refusal=refusal), error
        return await self._plan_again(sweep, conflict=conflict), None

    async def _plan_again(self, sweep: Sweep, **changes: Any) -> SweepPlan:
        """Plan with what was written: its status counts, and of the trials to come whether there is one."""
        return await self._plan(sweep, in_flight=0, more=1, **changes)

    async def _plan(self, sweep: Sweep, **changes: Any) -> SweepPlan:
        """Plan in a thread: a search may take a second, and must not delay other resources.

        Nothing is planned once the sweep has changed: that starts another round. Nor is anything once the
        namespace can no longer be watched: trials may be running unseen.
        """
        if self._known.is_outdated(sweep):
            return SweepPlan()
        observed = replace(self._known.observe(sweep), **changes)
        return await asyncio.to_thread(self._plan_for, sweep, observed, self._clock())

    async def _read_known(self, sweep: Sweep, query: KnownQuery) -> None:
        """Read page by page, and keep only points and metrics."""
        found: list[KnownJob] = []
        labels = {"labelSelector": query.selector}
        async for bodies in self._cluster.pages(COMPRESSION_JOBS, sweep.namespace, labels):
            found = newest([*found, *query.jobs(bodies)])
        self._known.known_read(sweep, as_trials(found))

    async def _write(self, sweep: Sweep, plan: SweepPlan) -> None:
        patch = {} if plan.status is None else status_patch(sweep.status, plan.status)
        if patch:
            await write_status(self._cluster, sweep, patch, self._known.written, plan.announcements)


def _first(plan: SweepPlan) -> str:
    """Return the name of the trial that is changed or created first, "" for none."""
    made = (str(manifest["metadata"]["name"]) for manifest in plan.create)
    return next(itertools.chain((change.name for change in plan.suspend), made), "")

"""Writes of a sweep's trials: several requests at a time, each of which may fail without the others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from segcompress_api.naming import PARAMETERS_ANNOTATION
from segcompress_operator.cluster import Cluster, NameTakenError
from segcompress_operator.errors import GoneError, OperatorError, RefusedError
from segcompress_operator.kinds import COMPRESSION_JOBS, Ref
from segcompress_operator.planning.plan import Refusal
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND, WRITES_AT_ONCE
from segcompress_operator.planning.sweeps.observed import Sweep
from segcompress_operator.planning.sweeps.suspending import SuspendChange
from segcompress_operator.sweeps import Sweeps

logger = logging.getLogger(__name__)

T = TypeVar("T")
Manifest = Mapping[str, Any]


class TrialWriter:
    """Creates trials of sweeps, and suspends and resumes them.

    If a request gets no answer, RetryableError is raised once the others that had begun have theirs.
    """

    def __init__(
        self, known: Sweeps, cluster: Cluster, clock: Callable[[], datetime], spread_seconds: float = 0.0
    ) -> None:
        self._known = known
        self._cluster = cluster
        self._clock = clock
        self._spread_seconds = spread_seconds
        self._unanswered: dict[Ref, set[str]] = {}

    def forget(self, ref: Ref) -> None:
        """Forget a sweep that is gone."""
        self._unanswered.pop(ref, None)

    async def find_unanswered(self, sweep: Sweep) -> bool:
        """Look for trials whose creation got no response, and return whether there are any.

        They may have been created. Until the watch delivers one, it would not count among the running trials.
        """
        unanswered = self._unanswered.get(sweep.ref, set())
        any_unanswered = bool(unanswered)

        async def find(name: str) -> bool:
            try:
                self._known.trial_written(await self._cluster.get(_ref(sweep, name)))
            except GoneError:
                logger.debug("%s: trial %s was not created", sweep.ref, name)
            unanswered.discard(name)
            return True

        await _side_by_side(sorted(unanswered), WRITES_AT_ONCE, find)
        self.forget(sweep.ref)
        return any_unanswered

    async def create(self, sweep: Sweep, manifests: Sequence[Manifest], at_once: int) -> str:
        """Create trials; return a name that belongs to something else, "" if there is none.

        None is begun any more once there was a problem, or the sweep has changed.
        """
        refusals: list[Refusal] = []
        conflicts: list[str] = []

        async def create(manifest: Manifest) -> bool:
            if self._known.is_outdated(sweep):
                return False
            name = _name(manifest)
            try:
                return await self._create(sweep, manifest)
            except NameTakenError:
                conflicts.append(name)
            except RefusedError as error:
                message = f"trial {name} was not created: {error}"
                refusals.append(Refusal("Trial", message, self._clock(), final=error.final))
            return False

        try:
            await _side_by_side(manifests, at_once, create, self._interval(manifests))
        finally:
            for refusal in refusals[:1]:
                self._known.note_refusal(sweep, refusal)
        return next(iter(conflicts), "")

    async def _create(self, sweep: Sweep, manifest: Manifest) -> bool:
        """Create a trial; return False if it was there already, at another point: it may be one to come."""
        name, unanswered = _name(manifest), self._unanswered.setdefault(sweep.ref, set())
        unanswered.add(name)
        try:
            body = await self._cluster.create(manifest)
        except (NameTakenError, RefusedError):
            unanswered.discard(name)
            raise
        unanswered.discard(name)
        self._known.trial_made(sweep, body)
        logger.info("%s: created trial %s", sweep.ref, name)
        return _parameters(body) == _parameters(manifest)

    async def suspend(self, sweep: Sweep, changes: Sequence[SuspendChange]) -> None:
        """Suspend or resume trials, except those that are gone; a refusal is none of the others' concern.

        None is begun any more once the sweep has changed.
        """

        async def change(wanted: SuspendChange) -> bool:
            if self._known.is_outdated(sweep):
                return False
            trial = _ref(sweep, wanted.name)
            try:
                body = await self._cluster.patch(trial, {"spec": {"suspend": wanted.suspend}})
                self._known.trial_written(body)
            except GoneError:
                logger.debug("%s: is gone", trial)
            except RefusedError as error:
                words = f"trial {wanted.name}: {error}"
                self._known.note_refused_change(sweep, wanted.name, Refusal("Trial", words, self._clock()))
                logger.warning("%s: its suspend cannot be set to %s: %s", trial, wanted.suspend, error)
            return True

        frees_gpus = any(each.suspend for each in changes)
        await _side_by_side(changes, WRITES_AT_ONCE, change, 0.0 if frees_gpus else self._interval(changes))

    def _interval(self, begun: Sequence[object]) -> float:
        """Return the seconds between the beginnings of what a round begins."""
        return self._spread_seconds / max(len(begun), MORE_A_ROUND)


async def _side_by_side(
    items: Sequence[T], at_once: int, act: Callable[[T], Awaitable[bool]], interval: float = 0.0
) -> None:
    """Act on the items, on so many at a time, until an act returns False or raises an error.

    They begin at least `interval` seconds apart, even after a slow answer. The first error is raised once
    those that began have ended.
    """
    left, go_on, errors = iter(items), True, list[OperatorError]()
    loop, turn = asyncio.get_running_loop(), asyncio.Lock()
    due = loop.time()

    async def work() -> None:
        nonlocal go_on, due
        for item in left:
            async with turn:
                early = due - loop.time()
                if early > 0.0:
                    await asyncio.sleep(early)
                due = loop.time() + interval
            if errors or not go_on:
                return
            try:
                go_on = await act(item) and go_on
            except OperatorError as error:
                errors.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(items))):
            group.create_task(work())
    if errors:
        raise errors[0]


def _ref(sweep: Sweep, name: str) -> Ref:
    return Ref(COMPRESSION_JOBS, sweep.namespace, name)


def _name(manifest: Manifest) -> str:
    return str(manifest["metadata"]["name"])


def _parameters(body: Mapping[str, Any]) -> object:
    return (body["metadata"].get("annotations") or {}).get(PARAMETERS_ANNOTATION)

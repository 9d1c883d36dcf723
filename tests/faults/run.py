"""One run: a scenario with at most one fault, and what is found wrong with it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faults.end_state import difference
from faults.fault import SECONDS, UNTRUE, Fault, Point
from faults.invariants import broken, phases_within, quiet
from faults.operators import Operators
from faults.plane import Plane
from faults.play import Play
from faults.scenarios import Scenario

HARNESS_FAILED = "the harness failed: "
"""How a problem begins that says nothing about the operator."""

PATIENCE_SECONDS = 400.0
"""Only so that a run whose end never comes is given up: on a busy machine one takes a minute, and an operator
whose clock is behind says 5 min too late that a node is lost.

The fault's own time comes on top.
"""

QUIET_SECONDS = 1.5
REFERENCE_QUIET_SECONDS = 5.0


@dataclass(frozen=True)
class Reference:
    """What a run without a fault was like: the points at which one may be committed, and its end."""

    points: Sequence[Point]
    state: str
    problems: Sequence[str]


@dataclass(frozen=True)
class Result:
    """How a run with a fault went; `problems` is empty where all held.

    `struck` says whether the run came to the fault's point at all, `recovery_seconds` how long after the end
    of the fault the end state was reached.
    """

    scenario: str
    fault: Fault
    struck: bool
    recovery_seconds: float
    problems: Sequence[str]

    @property
    def is_broken(self) -> bool:
        """Whether the operator broke anything, rather than the harness."""
        return bool(self.problems) and not any(each.startswith(HARNESS_FAILED) for each in self.problems)


class Runner:
    """Does runs; the operators' logs go into `folder`, and a run is given up after `patience` seconds."""

    def __init__(
        self, plane: Plane, operators: Operators, folder: Path, patience: float = PATIENCE_SECONDS
    ) -> None:
        self.operator_seconds = 0.0
        self._plane = plane
        self._operators = operators
        self._folder = folder
        self._patience = patience

    async def reference(self, scenario: Scenario) -> Reference:
        """Run without a fault; then start the operator anew, which must write nothing."""
        problems: list[str] = []
        async with Play.of(scenario, None, self._plane, self._operators, self._folder) as play:
            try:
                async with asyncio.timeout(self._patience):
                    await play.namespace.until(play.has_ended)
                    await play.rest(REFERENCE_QUIET_SECONDS)
            except TimeoutError:
                problems.append(f"it never ended: {play.state()}")
            points, state, since = play.history.points(), play.state(), time.monotonic()
            play.crash()
            await asyncio.sleep(REFERENCE_QUIET_SECONDS)
            problems += [f"started anew: {found}" for found in quiet(play.history, since)]
        problems += phases_within(play.history, scenario.phases)
        return Reference(points, state, [*problems, *self._broken(play)])

    async def faulty(self, scenario: Scenario, fault: Fault, reference: Reference) -> Result:
        """Run with a fault, and compare the end with the reference's."""
        problems: list[str] = []
        lasts = SECONDS.get(fault.kind, 0.0)
        async with Play.of(scenario, fault, self._plane, self._operators, self._folder) as play:
            try:
                async with asyncio.timeout(self._patience + lasts):
                    await play.reaches(reference.state)
            except TimeoutError:
                problems.append(f"another end: {difference(reference.state, play.state())}")
            reached = time.monotonic()
            if not problems:
                problems += await self._stays(play, reference.state, lasts)
        if fault.kind not in UNTRUE:
            problems += phases_within(play.history, scenario.phases)
        struck = play.proxy.struck
        recovery = 0.0 if struck is None else max(reached - struck - lasts, 0.0)
        return Result(scenario.name, fault, struck is not None, recovery, [*problems, *self._broken(play)])

    def _broken(self, play: Play) -> list[str]:
        self.operator_seconds += play.operator_seconds
        return broken(play.history)

    async def _stays(self, play: Play, state: str, lasts: float) -> list[str]:
        """Return what happens once all is over, the fault among it."""
        await play.rest(QUIET_SECONDS)
        if play.proxy.struck is not None:
            await asyncio.sleep(play.proxy.struck + lasts - time.monotonic())
            await play.rest(QUIET_SECONDS)
        since = time.monotonic()
        await asyncio.sleep(QUIET_SECONDS)
        try:
            async with asyncio.timeout(self._patience):  # a pod that was made for a Job that went goes, too
                await play.reaches(state)
        except TimeoutError:
            return [f"left its end: {difference(state, play.state())}"]
        return [*quiet(play.history, since)]

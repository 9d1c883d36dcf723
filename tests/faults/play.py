"""The parts of one run at work: namespace, player, operator, and the proxy between."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from faults.controllers import Controllers, is_finished
from faults.end_state import end_state
from faults.fault import CLOCK_SECONDS, SECONDS, Fault, Kind
from faults.history import JOBS, RESOURCES, History
from faults.namespace import Namespace, status
from faults.operators import Operator, Operators, write_kubeconfig
from faults.plane import Plane
from faults.proxy import Proxy
from faults.scenarios import Scenario

_LOOK_SECONDS = 0.2
_RIVAL_LOOKS_SECONDS = 2.0
_RIVAL_SECONDS = 10.0


class Play:
    """One run, begun by `of`."""

    def __init__(
        self,
        scenario: Scenario,
        fault: Fault | None,
        namespace: Namespace,
        operators: Operators,
        folder: Path,
    ) -> None:
        self.namespace = namespace
        self.proxy: Proxy
        self.operator_seconds = 0.0
        """CPU that the operators have taken."""
        self._fault = fault
        self._scenario = scenario
        self._operators = operators
        self._folder = folder
        self._operator: Operator | None = None
        self._standby: Operator | None = None
        self._others: list[Operator] = []
        """Those whose end says nothing."""
        self._tasks: list[asyncio.Task[Any]] = []
        self._group: asyncio.TaskGroup

    @staticmethod
    @asynccontextmanager
    async def of(
        scenario: Scenario, fault: Fault | None, plane: Plane, operators: Operators, folder: Path
    ) -> AsyncIterator["Play"]:
        """Play a scenario while the context lasts; what it needs is in `folder`."""
        namespace = await plane.namespace()
        own = folder / namespace.name
        own.mkdir()
        play = Play(scenario, fault, namespace, operators, own)
        play.proxy = Proxy(plane.operator, namespace.history, fault, play)
        async with asyncio.TaskGroup() as play._group, play.proxy.serving() as address:
            write_kubeconfig(own, address)
            play._spawn(play._act())
            try:
                yield play
            finally:
                play._end()
        plane.forget(namespace)

    @property
    def history(self) -> History:
        """What happened so far."""
        return self.namespace.history

    def state(self) -> str:
        """Return what is there now, in words that name no run."""
        objects = {plural: [*named.values()] for plural, named in self.namespace.objects.items()}
        return end_state(objects, self.namespace.uids)

    def has_ended(self) -> bool:
        """Return whether nothing is left to be done: all resources and Jobs have ended, or are gone."""
        resources, jobs = self.namespace.all(RESOURCES), self.namespace.all(JOBS)
        ended = all(status(body).get("phase") in ("Succeeded", "Failed") for body in resources)
        ours = [job for job in jobs if job["metadata"].get("ownerReferences")]
        return self.namespace.user_is_done.is_set() and ended and all(map(is_finished, ours))

    async def reaches(self, state: str) -> None:
        """Wait for a state."""
        await self.namespace.until(lambda: self.namespace.user_is_done.is_set() and self.state() == state)

    async def rest(self, seconds: float) -> None:
        """Wait until the operator has asked for nothing but watches for so long."""
        began = time.monotonic()
        while True:
            last = max((each.at for each in self.history.requests if each.verb != "watch"), default=began)
            if time.monotonic() - max(last, began) >= seconds:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def crash(self) -> None:
        """Kill the operator, and start another."""
        self._kill()
        self._spawn(self._start())

    async def hang(self) -> None:
        """Stop the leader for longer than its Lease lasts; return when it wakes up beside the next one."""
        hanging, self._operator, self._standby = self._operator, self._standby, None
        if hanging is None:
            raise RuntimeError("no operator runs")
        self._others.append(hanging)
        hanging.stop()
        await asyncio.sleep(SECONDS[Kind.HANG])
        hanging.go_on()

    async def join(self) -> None:
        """Start an operator that ignores the other one; return once it has reconciled."""
        rival, since = await self._start_another(), time.monotonic()
        self._others.append(rival)
        await self._watching(since)
        await asyncio.sleep(_RIVAL_LOOKS_SECONDS)

        async def end() -> None:
            await asyncio.sleep(_RIVAL_SECONDS)
            rival.kill()

        self._spawn(end())

    def _kill(self) -> None:
        if self._operator is not None:
            self.history.operator_ended = self.history.operator_ended or not self._operator.runs
            self.operator_seconds += self._operator.cpu_seconds
            self._operator.kill()
            self._operator = None

    async def _start(self) -> None:
        self._operator = await self._start_another()

    async def _start_another(self) -> Operator:
        kind = self._fault.kind if self._fault else None
        lease = f"default/{self.namespace.name}" if kind is Kind.HANG else ""
        clock = CLOCK_SECONDS.get(kind, 0.0) if kind else 0.0
        return await self._operators.start(self._folder, self.namespace.name, lease, clock)

    async def _act(self) -> None:
        controllers = Controllers(self.namespace, self._scenario.fates, self._spawn)
        await self._scenario.prepare(self.namespace, controllers)
        self._spawn(controllers.run())
        await self._start()
        await self._watching(0.0)
        if self._fault is not None and self._fault.kind is Kind.HANG:
            self._standby = await self._start_another()
        await self._scenario.user(self.namespace, controllers)
        self.namespace.user_is_done.set()
        self.namespace.changed.set()
        self.namespace.changed = asyncio.Event()

    async def _watching(self, since: float) -> None:
        """Wait until an operator watches every kind that the run is about."""
        while True:
            watched = {
                each.target for each in self.history.requests if each.verb == "watch" and each.at >= since
            }
            if watched >= self.namespace.objects.keys():
                return
            await asyncio.sleep(_LOOK_SECONDS / 4)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(self._group.create_task(work))

    def _end(self) -> None:
        self._kill()
        for each in (*self._others, *filter(None, [self._standby])):
            self.operator_seconds += each.cpu_seconds
            each.kill()
        for task in self._tasks:
            task.cancel()
        self.history.log = (self._folder / "operator.log").read_text(errors="replace")

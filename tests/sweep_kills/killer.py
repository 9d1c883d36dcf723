"""Kills the operator and the API server at random moments, and starts them again."""

import asyncio
import os
import random
import signal
import time
from concurrent.futures import Executor
from pathlib import Path

from devcluster.controlplane import ControlPlane
from faults.operators import Operator, Operators

GAP_SECONDS = (0.2, 2.0)
"""Between a start and the next kill, at least and at most."""

API_SERVER_EACH = 8
"""One in this many kills hits the API server."""


_LOOK_SECONDS = 0.05


class Killer:
    """Draws what is killed and when from a seed.

    The API server is started in `thread`, and dies with it.
    """

    def __init__(
        self, plane: ControlPlane, thread: Executor, operators: Operators, folder: Path, seed: str
    ) -> None:
        self.killed = {"operator": 0, "kube-apiserver": 0}
        self.ended: list[str] = []
        """Last words of operators that ended by themselves."""
        self._plane = plane
        self._thread = thread
        self._operators = operators
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._operator: Operator | None = None

    async def start(self) -> None:
        """Start an operator for the namespace that the folder is called after."""
        self._operator = await self._operators.start(self._folder, self._folder.name)

    async def run(self) -> None:
        """Kill until cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(*GAP_SECONDS))
            if self._chance.randrange(API_SERVER_EACH) == 0:
                await self._kill_api_server()
            else:
                self.end_operator()
                self.killed["operator"] += 1
                await self.start()

    def end_operator(self) -> None:
        """End the operator as a lost node would."""
        if self._operator is None:
            return
        if not self._operator.runs:
            self.ended.append((self._folder / "operator.log").read_text(errors="replace")[-300:])
        self._operator.kill()
        self._operator = None

    async def _kill_api_server(self) -> None:
        running = self._plane._supervisor.find("kube-apiserver")
        if running is None:
            raise RuntimeError("the API server does not run")
        os.kill(running.pid, signal.SIGKILL)
        self.killed["kube-apiserver"] += 1
        await asyncio.get_running_loop().run_in_executor(self._thread, self._start_api_server)

    def _start_api_server(self) -> None:
        """Start it once the kernel has ended the one that was killed."""
        while self._plane._supervisor.find("kube-apiserver") is not None:
            time.sleep(_LOOK_SECONDS)
        self._plane.start_api_server()

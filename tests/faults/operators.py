"""Operators as processes of their own, each in a folder, forked from one that has imported the program."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import yaml

ROOT = Path(__file__).parents[2]
_PATHS = ("crds", "operator", "hack", "tests")
_ENVIRONMENT = {
    # Relative: each operator runs in a folder of its own, and the client reads this when it is imported.
    "KUBECONFIG": "kubeconfig",
    "SEGCOMPRESS_RUNNER_IMAGE": "registry.example.com/segcompress-runner:test",
    "SEGCOMPRESS_LOG_FORMAT": "plain",
    "SEGCOMPRESS_HEALTH_PORT": "0",
    # On a busy machine a renewal takes seconds.
    "SEGCOMPRESS_LEASE_SECONDS": "20",
}


class Operators:
    """Starts operators whose code lies in `code`; `settings` are variables of their environment."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    @staticmethod
    @asynccontextmanager
    async def of(
        code: Path = ROOT, settings: Mapping[str, str] = MappingProxyType({})
    ) -> AsyncIterator["Operators"]:
        """Start operators while the context lasts; all of them end with it."""
        own = [str(code / name) for name in _PATHS[:2]]
        tests = [str(ROOT / name) for name in _PATHS]
        environment = {
            **os.environ,
            **_ENVIRONMENT,
            **settings,
            "PYTHONPATH": os.pathsep.join([*own, *tests]),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "faults.fork_server",
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield Operators(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def start(self, folder: Path, namespace: str, lease: str = "", clock: float = 0.0) -> "Operator":
        """Start one for a namespace; its kubeconfig must lie in the folder.

        Without a `lease` (namespace/name) it leads from the start; its clock is ahead by `clock` seconds.
        """
        async with self._turn:
            if self._process.stdin is None or self._process.stdout is None:
                raise RuntimeError("the fork server has no pipes")
            order = {"folder": str(folder), "namespace": namespace, "lease": lease, "clock": clock}
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            answer = await self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the fork server ended; its error is above")
        return Operator(int(answer))


class Operator:
    """One process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return Path(f"/proc/{self._pid}").exists()

    @property
    def cpu_seconds(self) -> float:
        """CPU time so far; 0 where it has ended."""
        try:
            fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """End it as a lost node would."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Let it hang."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Wake it up."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)


def write_kubeconfig(folder: Path, server: str) -> None:
    """Write the way to a proxy into the folder."""
    here = {"name": "proxy"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{**here, "cluster": {"server": server}}],
        "users": [{**here, "user": {"token": "of-nobody"}}],
        "contexts": [{**here, "context": {"cluster": "proxy", "user": "proxy"}}],
        "current-context": "proxy",
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))

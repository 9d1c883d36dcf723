"""Start, recognise and stop long-running programs by their process id.

A record holds the id together with the process's start time and the machine's boot, so that an id given to
another process since is never mistaken for ours. Nothing is ever ended by name. What is started is data
(`Program`), decided elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.certs import write_private
from devcluster.errors import DevclusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from devcluster.probes import Probe

POLL_S = 0.1
STOP_WITHIN_S = 20.0
READY_WITHIN_S = 300.0
LOG_TAIL_LINES = 8
LOG_LIMIT_BYTES = 50_000_000


@dataclass(frozen=True)
class Program:
    """One program with its configuration files, environment, and the sign that it is ready."""

    name: str
    argv: tuple[str, ...]
    probe: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()  # other content that needs a restart when it changes, such as certificates

    def digest(self) -> str:
        """Name this exact configuration; the program's own file counts by size and time."""
        binary = Path(self.argv[0]).stat()
        identity = [
            self.argv,
            sorted(self.environment.items()),
            sorted((str(path), text) for path, text in self.files.items()),
            self.inputs,
            [binary.st_size, binary.st_mtime_ns],
        ]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


@dataclass(frozen=True)
class Running:
    """A process of ours: id, boot, start time in clock ticks since then, digest, and when we started it."""

    pid: int
    boot: str
    ticks: int
    digest: str
    since: float

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return self.boot == boot_id() and start_ticks(self.pid) == self.ticks


def boot_id() -> str:
    """Return what names the time since the machine was started."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """Return a process's start time from /proc, or None where it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


class Supervisor:
    """The programs of one state folder: records under `records`, logs under `logs`.

    Tied programs are killed when the thread that started them ends, whatever ends it. All start in `cgroup`
    where one is given, and everything that they start stays in it.
    """

    def __init__(self, records: Path, logs: Path, *, tied: bool = False, cgroup: Path | None = None) -> None:
        self._records = records
        self._logs = logs
        self._tied = tied
        self._cgroup = cgroup
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def find(self, name: str) -> Running | None:
        """Return the running process of that name."""
        try:
            record = Running(**json.loads((self._records / f"{name}.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None
        self._reap(name)
        return record if record.alive else None

    def start(self, program: Program) -> bool:
        """Start a program unless it runs with this configuration already; say whether it was started."""
        digest = program.digest()
        running = self.find(program.name)
        if running is not None and running.digest == digest:
            return False
        self.stop(program.name)
        for path, text in program.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, text)  # kubeconfigs among them hold keys
        self._spawn(program, digest)
        return True

    def stop(self, name: str, within_s: float = STOP_WITHIN_S) -> None:
        """End a program of ours: politely first, for good after `within_s` seconds."""
        running = self.find(name)
        if running is not None:
            _signal(running.pid, signal.SIGTERM)
            if not self._gone(name, within_s):
                _signal(running.pid, signal.SIGKILL)
                self._gone(name, within_s)
        (self._records / f"{name}.json").unlink(missing_ok=True)
        child = self._children.pop(name, None)
        if child is not None:
            child.wait()  # it has ended; this collects its exit code

    def await_ready(self, programs: Sequence[Program], within_s: float = READY_WITHIN_S) -> None:
        """Wait until each answers; a program that ended, or the time, ends the wait and shows its log."""
        waiting = list(programs)
        until = time.monotonic() + within_s
        while waiting := [program for program in waiting if not program.probe.answers()]:
            for program in waiting:
                if self.find(program.name) is None:
                    raise DevclusterError(
                        f"{program.name} ended at once; its log says:\n{self.log_tail(program.name)}"
                    )
            if time.monotonic() > until:
                name = waiting[0].name
                raise DevclusterError(
                    f"{name} is not ready after {within_s:.0f} s; its log says:\n{self.log_tail(name)}"
                )
            time.sleep(POLL_S)

    def log_tail(self, name: str) -> str:
        """Return the last lines of a program's log, and where to read the rest."""
        path = self._logs / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:] if path.exists() else []
        return "\n".join((*(f"  {line[:300]}" for line in lines), f"  (all of it: {path})"))

    def _spawn(self, program: Program, digest: str) -> None:
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{program.name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.old"))
        # Tied programs die with the one that started them, so that a killed test run leaves none behind.
        prefix = ("setpriv", "--pdeathsig", "KILL") if self._tied else ()
        with log.open("ab") as output:
            child = subprocess.Popen(
                (*prefix, *program.argv),
                env=_without_proxies(os.environ) | dict(program.environment),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._children[program.name] = child
        if self._cgroup is not None:
            (self._cgroup / "cgroup.procs").write_text(str(child.pid))
        record = Running(child.pid, boot_id(), start_ticks(child.pid) or 0, digest, time.time())
        (self._records / f"{program.name}.json").write_text(json.dumps(asdict(record)))

    def _gone(self, name: str, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while self.find(name) is not None:
            if time.monotonic() > until:
                return False
            time.sleep(POLL_S)
        return True

    def _reap(self, name: str) -> None:
        child = self._children.get(name)
        if child is not None:
            child.poll()


def _without_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Drop proxy settings: everything that these programs talk to is on this machine."""
    return {name: value for name, value in environ.items() if not name.lower().endswith("_proxy")}


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return

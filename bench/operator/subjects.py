"""The processes under test, and what /proc says of them."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.operator.kinds import KindName

ROOT = Path(__file__).parents[2]
OPERATOR_CODE = ("crds", "operator")
_TICK = os.sysconf("SC_CLK_TCK")
_ZOMBIE = "Z"
_QUIET_SECONDS = 1.0
_QUIET_SHARE = 0.05


@dataclass(frozen=True)
class Subject:
    """A program that serves one kind in one namespace: `command` takes a kubeconfig and the namespace.

    Its modules are in `code`, and in `paths`.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    code: Path = ROOT
    paths: tuple[Path, ...] = ()
    kind: KindName = "SegCompressionJob"
    is_operator: bool = False

    @contextmanager
    def running(
        self, kubeconfig: Path, namespace: str, log: Path, cores: frozenset[int]
    ) -> Iterator["Process"]:
        """Run it for a namespace while the context lasts."""
        paths = [self.code, *(self.code / folder for folder in OPERATOR_CODE), *self.paths]
        environment = {
            **os.environ,
            **self.environment,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "KUBECONFIG": str(kubeconfig),
            "SEGCOMPRESS_NAMESPACES": namespace,
        }
        command = [part.format(kubeconfig=kubeconfig, namespace=namespace) for part in self.command]
        with log.open("ab") as output:
            child = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        os.sched_setaffinity(child.pid, cores)
        try:
            yield Process(child.pid)
            if child.poll() is not None:
                raise RuntimeError(f"{self.name} ended by itself; see {log}")
        finally:
            child.kill()
            child.wait()


@dataclass(frozen=True)
class Process:
    """A process that was started here."""

    pid: int

    @property
    def cpu_seconds(self) -> float:
        """CPU time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        if fields[0] == _ZOMBIE:
            raise RuntimeError("a subject ended by itself; its log says why")
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory_kb(self, which: str) -> int:
        """Return VmRSS (now) or VmHWM (peak)."""
        found = re.search(rf"{which}:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) if found else 0

    def settle(self, began: float | None = None) -> float:
        """Wait until it has been at rest for a second; return the seconds from `began` (now) to that rest."""
        quiet_since = time.monotonic()
        began = quiet_since if began is None else began
        before = self.cpu_seconds
        while time.monotonic() - quiet_since < _QUIET_SECONDS or before == 0.0:
            time.sleep(0.2)
            used = self.cpu_seconds
            if used - before > 0.2 * _QUIET_SHARE:
                quiet_since = time.monotonic()
            before = used
        return quiet_since - began


def operator(name: str, code: Path, image: str) -> Subject:
    """Return the operator whose code lies in `code`."""
    settings = {"SEGCOMPRESS_RUNNER_IMAGE": image, "SEGCOMPRESS_HEALTH_PORT": "0"}
    return Subject(name, (sys.executable, "-m", "segcompress_operator"), settings, code, is_operator=True)


def reference(sample: Path) -> Subject:
    """Return the client without logic."""
    module = ("-m", "bench.operator.reference")
    command = (sys.executable, *module, "{kubeconfig}", "{namespace}", str(sample))
    return Subject("reference", command, {}, paths=(ROOT / "tests",))


def code_of(commit: str, folder: Path) -> Path:
    """Return a folder with the operator's code at a commit."""
    folder.mkdir(parents=True)
    packed = subprocess.run(
        ["git", "-C", ROOT, "archive", commit, *OPERATOR_CODE], check=True, capture_output=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    return folder

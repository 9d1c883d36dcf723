"""Starts the pod's program as a process: a RunConfig in, exit code and RunResult out."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcluster.objectstore import ObjectStore
from segcompress_api.contract import RunResult, parse_run_result

Spec = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    attempt: str
    code: int
    result: RunResult
    log: str
    peak_mib: float
    """Memory that its largest process held at most, this test's own included: a fork starts from it."""


@dataclass
class Running:
    """A run under way."""

    attempt: str
    process: subprocess.Popen[str]
    message: Path

    def wait_for(self, words: str) -> None:
        """Wait until the log holds `words`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return
        raise AssertionError(f"the run ended without saying {words!r}")

    def kill(self) -> None:
        """End it without a warning."""
        self.process.kill()
        self.process.communicate()

    def wait(self) -> Ended:
        """Wait for its end."""
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            log = stdout.read()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        text = self.message.read_text()
        result = parse_run_result(text)
        assert result is not None, f"no RunResult: {text}\n{log}"
        return Ended(self.attempt, self.process.returncode, result, log, usage.ru_maxrss / 1024)


class Runner:
    """The program that a pod runs, against one object store."""

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store = store
        self.folder = folder
        self._started = 0
        self.progress: Spec | None = None
        """Where runs report their progress."""

    def start(self, spec: Spec, **environment: str) -> Running:
        """Start a run of `spec`; `environment` changes or adds variables."""
        self._started += 1
        home = self.folder / f"pod-{self._started}"
        home.mkdir()
        attempt = f"{self.folder.name}-{self._started}"
        config = {"namespace": "vision", "name": "tiny", "uid": "0", "start": 1, "spec": spec}
        if self.progress is not None:
            config["progress"] = self.progress
        (home / "run-config.json").write_text(json.dumps(config))
        (home / "token").write_text("token")
        variables = {
            "S3_ENDPOINT": self._store.endpoint,
            "AWS_ACCESS_KEY_ID": self._store.access_key,
            "AWS_SECRET_ACCESS_KEY": self._store.secret_key,
            "SEGCOMPRESS_POD_UID": attempt,
            "SEGCOMPRESS_THREADS": "1",
            "SEGCOMPRESS_RUN_CONFIG": str(home / "run-config.json"),
            "SEGCOMPRESS_TERMINATION_MESSAGE": str(home / "message"),
            "SEGCOMPRESS_WORK_DIR": str(home / "work"),
            "SEGCOMPRESS_PROGRESS_TOKEN": str(home / "token"),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "segcompress_runner"],
            env=os.environ | variables | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Running(attempt, process, home / "message")

    def run(self, spec: Spec, **environment: str) -> Ended:
        """Start a run and wait for its end."""
        return self.start(spec, **environment).wait()


def changed(spec: Spec, path: str, value: Any) -> Spec:
    """Return a copy of `spec` with another value at the dotted path; None removes the key."""
    copy: Spec = json.loads(json.dumps(spec))
    *parents, last = path.split(".")
    inner = copy
    for name in parents:
        inner = inner.setdefault(name, {})
    inner[last] = value
    if value is None:
        del inner[last]
    return copy

"""What the pod starts: RunConfig in, RunResult out, exit code. Decides nothing about compression."""

import faulthandler
import os
import secrets
import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from segcompress_api.conditions import Reason
from segcompress_api.contract import (
    POD_UID_VARIABLE,
    PROGRESS_TOKEN_PATH,
    RUN_CONFIG_PATH,
    TERMINATION_MESSAGE_PATH,
    WORK_BYTES_VARIABLE,
    WORK_DIR,
    ExitCode,
    RunConfig,
    RunResult,
)
from segcompress_api.errors import invalid_spec
from segcompress_runner.endings import exit_code, failure
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.log_lines import LogLines
from segcompress_runner.pipeline import Request, Surroundings, run
from segcompress_runner.processor import this_processor
from segcompress_runner.progress import Both, Progress
from segcompress_runner.provenance import installed
from segcompress_runner.reporting import OperatorClient, Reporter
from segcompress_runner.stopping import StopFlag
from segcompress_runner.storage import S3Storage, Stores, settings_from, take_credentials
from segcompress_runner.threads import set_threads

_LAST_LINES = 12
_SETTINGS = {
    "config": ("SEGCOMPRESS_RUN_CONFIG", RUN_CONFIG_PATH),
    "message": ("SEGCOMPRESS_TERMINATION_MESSAGE", TERMINATION_MESSAGE_PATH),
    "work": ("SEGCOMPRESS_WORK_DIR", WORK_DIR),
    "token": ("SEGCOMPRESS_PROGRESS_TOKEN", PROGRESS_TOKEN_PATH),
}
"""Paths that a pod has fixed, and the variables that move them for a test on a machine without pods."""


class Log:
    """Writes lines to stdout at once and keeps the last few for the termination message."""

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    def __call__(self, line: str) -> None:
        """Print one line."""
        self._last.append(line)
        print(line, flush=True)  # noqa: T201 - the pod's log is this program's interface

    def last(self) -> str:
        """Return the last lines as one text."""
        return "\n".join(self._last)


def main() -> int:
    """Run what the RunConfig says; return the exit code."""
    faulthandler.enable()
    stop = StopFlag()
    stop.listen(signal.SIGTERM)
    log = Log()
    try:
        result = _run(stop, log)
        code = exit_code(result)
    except Exception as error:  # noqa: BLE001 - the border: everything becomes a RunResult
        result, code = failure(error)
        if code == ExitCode.CRASHED:
            log("".join(traceback.format_exception(error)).rstrip())
            result = _with_last_lines(result, log)
    log(f"{result.reason}: {result.message}")
    _leave_word(result)
    return int(code)


def _run(stop: StopFlag, log: Log) -> RunResult:
    credentials = take_credentials(os.environ)
    threads = set_threads(os.environ)
    config = _read_config(_path("config"))
    log(f"run of {config.namespace}/{config.name}, start {config.start}, on {threads} threads")
    attempt = os.environ.get(POD_UID_VARIABLE) or secrets.token_hex(8)
    lines = LogLines(log)
    storage = Stores(
        lambda: S3Storage(settings_from(credentials), stop=stop, note=lines.note),
        local=None,
    )
    request = Request(
        spec=config.spec,
        attempt=attempt,
        threads=threads,
        device=config.spec.runtime.device,
        processor=this_processor(config.spec.runtime.device),
        software=installed((*config.spec.benchmark.runtimes, *config.spec.exports)),
    )
    with _reported(config, attempt, lines) as progress:
        result = run(request, Surroundings(storage, _path("work"), progress, stop, _work_bytes()))
    lines.finish()
    return result


@contextmanager
def _reported(config: RunConfig, pod_uid: str, lines: LogLines) -> Iterator[Progress]:
    """Yield progress that goes to the log, and to the operator where the RunConfig names it."""
    if config.progress is None:
        yield lines
        return
    reporter = Reporter(OperatorClient(config.progress, pod_uid, _path("token")), lines.note)
    try:
        yield Both(lines, reporter)
    finally:
        reporter.close()


def _read_config(path: Path) -> RunConfig:
    try:
        return RunConfig.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise invalid_spec(error, RunConfig) from None
    except OSError as error:
        raise InvalidSettingError(f"{path}: the run's configuration cannot be read ({error})") from None


def _work_bytes() -> int | None:
    value = os.environ.get(WORK_BYTES_VARIABLE, "")
    return int(value) if value.isdigit() else None


def _path(name: str) -> Path:
    variable, default = _SETTINGS[name]
    return Path(os.environ.get(variable, default))


def _with_last_lines(result: RunResult, log: Log) -> RunResult:
    if result.reason != Reason.RUNNER_CRASHED:
        return result
    return result.model_copy(update={"message": f"{result.message}; last lines: {log.last()}"[:1024]})


def _leave_word(result: RunResult) -> None:
    """Write the termination message; a run must not fail for want of it, its exit code speaks too."""
    try:
        _path("message").write_text(result.to_termination_message())
    except OSError as error:
        print(f"the termination message cannot be written: {error}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())

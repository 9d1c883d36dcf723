"""What an exception means to whoever started the run: reason, message, exit code. Pure."""

from segcompress_api import errors
from segcompress_api.conditions import GATE_REASONS, SUCCESS_REASONS, Reason
from segcompress_api.contract import ExitCode, RunResult
from segcompress_api.errors import InvalidSpecError
from segcompress_runner.errors import RunError, is_exhaustion, is_full

_MESSAGE = 1024


def failure(error: BaseException) -> tuple[RunResult, ExitCode]:
    """Return how a run ended that raised `error`."""
    if isinstance(error, RunError):
        return _result(error.reason, one_line(error)), error.exit_code
    if isinstance(error, InvalidSpecError):
        return _result(Reason.INVALID_SPEC, one_line(error)), ExitCode.INVALID_INPUT
    if is_full(error):
        message = f"the scratch space is full ({one_line(error)}); raise the chart's runner.scratch.work"
        return _result(Reason.INVALID_INPUT, message), ExitCode.INVALID_INPUT
    if is_exhaustion(error):
        message = f"the runner ran out of memory ({one_line(error)}); raise its memory or lower batchSize"
        return _result(Reason.OUT_OF_MEMORY, message), ExitCode.CRASHED
    return _result(Reason.RUNNER_CRASHED, f"{type(error).__name__}: {one_line(error)}"), ExitCode.CRASHED


def exit_code(result: RunResult) -> ExitCode:
    """Return the exit code of a run that was measured to its end."""
    if result.reason in SUCCESS_REASONS:
        return ExitCode.SUCCEEDED
    if result.reason in GATE_REASONS:
        return ExitCode.GATE_MISSED
    raise ValueError(f"{result.reason} cannot be the end of a measured run")


def one_line(error: BaseException) -> str:
    """Return an error's message as one line, or its class where it has none."""
    return errors.one_line(str(error)) or type(error).__name__


def _result(reason: Reason, message: str) -> RunResult:
    return RunResult(reason=reason, message=message if len(message) <= _MESSAGE else f"{message[:1023]}…")

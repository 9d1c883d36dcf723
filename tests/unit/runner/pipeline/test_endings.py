import errno

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.contract import ExitCode, RunResult
from segcompress_api.errors import InvalidSpecError
from segcompress_runner.endings import exit_code, failure
from segcompress_runner.errors import (
    InputNotFoundError,
    InvalidInputError,
    InvalidSettingError,
    PreemptedError,
    StorageAccessDeniedError,
    StorageUnreachableError,
)


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        pytest.param(InvalidSpecError("spec.seed", "is odd"), 3, Reason.INVALID_SPEC, id="spec"),
        pytest.param(InvalidSettingError("x"), 3, Reason.INVALID_SPEC, id="setting"),
        pytest.param(InputNotFoundError("x"), 3, Reason.INPUT_NOT_FOUND, id="not found"),
        pytest.param(InvalidInputError("x"), 3, Reason.INVALID_INPUT, id="input"),
        pytest.param(StorageAccessDeniedError("x"), 3, Reason.STORAGE_ACCESS_DENIED, id="denied"),
        pytest.param(PreemptedError("x"), 5, Reason.PREEMPTED, id="preempted"),
        pytest.param(StorageUnreachableError("x"), 6, Reason.STORAGE_UNREACHABLE, id="unreachable"),
        pytest.param(MemoryError(), 1, Reason.OUT_OF_MEMORY, id="memory"),
        pytest.param(
            RuntimeError("ResourceExhaustedError: Out of memory error on GPU 0"),
            1,
            Reason.OUT_OF_MEMORY,
            id="GPU",
        ),
        pytest.param(KeyError("x"), 1, Reason.RUNNER_CRASHED, id="bug"),
    ],
)
def test_each_error_has_its_exit_code_and_reason(error: Exception, code: int, reason: Reason) -> None:
    result, ended = failure(error)
    assert (ended, result.reason) == (code, reason)


def test_endless_message_is_cut() -> None:
    assert failure(InvalidInputError("x" * 5000))[0].message == "x" * 999 + "…"


def test_message_is_one_line_of_printable_characters() -> None:
    message = failure(InvalidInputError("a\x1b[2J.png\n(train.txt\u202e line 1)"))[0].message
    assert message == "a [2J.png (train.txt line 1)"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        pytest.param(Reason.SUCCEEDED, ExitCode.SUCCEEDED, id="succeeded"),
        pytest.param(Reason.REUSED, ExitCode.SUCCEEDED, id="reused"),
        pytest.param(Reason.SPARSITY_NOT_REACHED, ExitCode.GATE_MISSED, id="sparsity"),
        pytest.param(Reason.ACCEPTANCE_NOT_MET, ExitCode.GATE_MISSED, id="acceptance"),
        pytest.param(Reason.EXPORT_MISMATCH, ExitCode.GATE_MISSED, id="export"),
    ],
)
def test_measured_run_has_its_exit_code(reason: Reason, code: ExitCode) -> None:
    assert exit_code(RunResult(reason=reason, message="")) == code


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_names_the_setting(number: int) -> None:
    result, code = failure(OSError(number, "No space left on device", "/work/a.jpg"))
    assert (code, result.reason) == (ExitCode.INVALID_INPUT, Reason.INVALID_INPUT)
    assert "runner.scratch.work" in result.message


@pytest.mark.parametrize("kind", [OSError, RuntimeError, ValueError])
def test_full_disk_that_a_library_reports_names_the_setting(kind: type[Exception]) -> None:
    result, code = failure(kind("Cannot write model.pdiparams: No space left on device"))
    assert (code, result.reason) == (ExitCode.INVALID_INPUT, Reason.INVALID_INPUT)
    assert "runner.scratch.work" in result.message

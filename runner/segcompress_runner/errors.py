"""Every way in which a run can end short of success, grouped by what the caller can do about it.

RunError
├── InvalidRunError            exit 3: retrying cannot help
│   ├── InvalidSettingError    the spec asks for what cannot be
│   ├── InputNotFoundError     an object, list file or bucket is missing
│   ├── InvalidInputError      an input is broken or contradicts the spec
│   ├── StorageAccessDeniedError
│   └── PromotedMeanwhileError another promotion came first
├── PreemptedError             exit 5: stopped by SIGTERM
└── StorageUnreachableError    exit 6: another attempt may succeed

A missed gate is not among them: that run is measured and published, and ends with exit 4. Anything else is a
bug or a crash: exit 1, reason RunnerCrashed (or OutOfMemory).
"""

import errno
import os
import re
from typing import ClassVar

from segcompress_api.conditions import Reason
from segcompress_api.contract import ExitCode


class RunError(Exception):
    """A run ended for a reason that has a name; the message is one sentence for the user."""

    reason: ClassVar[Reason]
    exit_code: ClassVar[ExitCode]


class InvalidRunError(RunError):
    """Retrying cannot help."""

    exit_code = ExitCode.INVALID_INPUT


class InvalidSettingError(InvalidRunError):
    """The spec asks for what this model, these pictures or this version cannot do."""

    reason = Reason.INVALID_SPEC


class InputNotFoundError(InvalidRunError):
    """An object, a list file or a bucket is missing."""

    reason = Reason.INPUT_NOT_FOUND


class InvalidInputError(InvalidRunError):
    """A picture, mask, list or model is broken, or contradicts the spec."""

    reason = Reason.INVALID_INPUT


class StorageAccessDeniedError(InvalidRunError):
    """The object store refuses the credentials, or they carry no right."""

    reason = Reason.STORAGE_ACCESS_DENIED


class PromotedMeanwhileError(InvalidRunError):
    """Another model was promoted to the same key in the meantime: a person should look at both."""

    reason = Reason.NAME_CONFLICT


class PreemptedError(RunError):
    """SIGTERM arrived; another pod goes on."""

    reason = Reason.PREEMPTED
    exit_code = ExitCode.PREEMPTED


class StorageUnreachableError(RunError):
    """The object store did not answer, or answered 5xx, for longer than our own retries."""

    reason = Reason.STORAGE_UNREACHABLE
    exit_code = ExitCode.STORAGE_UNREACHABLE


class NotExportableError(Exception):
    """A format cannot hold a model, says the maker of the format's files; who asked for it tells the user."""


_EXHAUSTED = (
    "ResourceExhaustedError",
    "Out of memory",
    "out of memory",
    "Fail to alloc memory",
    "_STATUS_ALLOC_FAILED",
    "Failed to allocate",
    "bad_alloc",
    "bad allocation",
    "Insufficient memory",
    "MemoryError",
    "failed to map segment from shared object",
    os.strerror(errno.ENOMEM),
    os.strerror(errno.EAGAIN),  # a thread that finds no room for its stack
    "can't start new thread",  # the same, as Python says it
)
"""How Paddle, CUDA, cuDNN, cuBLAS, ONNX Runtime, OpenVINO, OpenCV and the system say that memory ran out."""

_PRIMITIVE = re.compile(r"could not (?:create|execute) a primitive(?! descriptor)")
"""How oneDNN says so: it has a descriptor, so it can compute the layer; its code and scratch need memory."""


_FAULTY_DEVICE = ("(External)", "ExternalError")
"""How Paddle says that CUDA, cuDNN or cuBLAS failed: a GPU that fell over, or a driver."""


def is_blameless(error: BaseException) -> bool:
    """Return whether the machine failed and not the input that was being computed: a retry may succeed."""
    return is_exhaustion(error) or any(words in str(error) for words in _FAULTY_DEVICE)


def is_exhaustion(error: BaseException) -> bool:
    """Return whether host or GPU memory ran out: then the input is not at fault, and a retry may succeed."""
    text = str(error)
    return (
        isinstance(error, MemoryError)
        or any(words in text for words in _EXHAUSTED)
        or _PRIMITIVE.search(text) is not None
    )


_FULL = (errno.ENOSPC, errno.EDQUOT)


def is_full(error: BaseException) -> bool:
    """Return whether a disk is full: as the system says it, or as a library repeats it in its message."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return any(os.strerror(number) in str(error) for number in _FULL)

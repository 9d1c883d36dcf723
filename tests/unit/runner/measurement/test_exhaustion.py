"""Memory that runs out inside a runtime is not the input's fault: the error passes, and is retried."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from segcompress_api.conditions import Reason
from segcompress_runner.endings import failure
from segcompress_runner.errors import InvalidInputError, is_blameless, is_exhaustion
from segcompress_runner.measurement.runtimes.onnx_runtime import OnnxSession

MESSAGES = [
    "ResourceExhaustedError: \n\nOut of memory error on GPU 0. Cannot allocate 1.5GB memory on GPU 0",
    "(External) CUDA error(2), out of memory.",
    "CUDNN error(4), CUDNN_STATUS_ALLOC_FAILED.",
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer of size 9",
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc",
    "OpenCV(4.6.0) error: (-4:Insufficient memory) Failed to allocate 999 bytes",
    "could not create a primitive",
    "can't start new thread",
]


class Failing:
    """Stands for onnxruntime's session: loads, and fails at the first batch."""

    def __init__(self, message: str) -> None:
        self.message = message

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="x", shape=[1, 3, 2, 2])]

    def run(self, *_: Any) -> Any:
        raise RuntimeError(self.message)


def session(monkeypatch: pytest.MonkeyPatch, message: str) -> OnnxSession:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: Failing(message))
    return OnnxSession(Path("m.onnx"), 1)


@pytest.mark.parametrize("message", MESSAGES)
def test_exhausted_memory_ends_as_out_of_memory(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        session(monkeypatch, message).run(np.zeros((1, 3, 2, 2), np.float32))
    result, code = failure(caught.value)
    assert (result.reason, code) == (Reason.OUT_OF_MEMORY, 1)


@pytest.mark.parametrize(
    "message", ["Got invalid dimensions", "could not create a primitive descriptor for a convolution"]
)
def test_any_other_fault_is_the_inputs(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    with pytest.raises(InvalidInputError, match="does not run on pictures"):
        session(monkeypatch, message).run(np.zeros((1, 3, 2, 2), np.float32))


@pytest.mark.parametrize(
    "message",
    [
        "(External) CUDA error(719), unspecified launch failure.",
        "ExternalError: CUDNN error(8), CUDNN_STATUS_EXECUTION_FAILED.",
    ],
)
def test_a_gpu_that_fails_is_not_the_inputs_fault_nor_memory(message: str) -> None:
    error = RuntimeError(message)
    assert is_blameless(error)
    assert not is_exhaustion(error)
    assert failure(error)[0].reason == Reason.RUNNER_CRASHED


def test_a_shape_that_a_model_refuses_is_the_inputs_fault() -> None:
    assert not is_blameless(RuntimeError("(InvalidArgument) The input's channels must be equal to 3"))

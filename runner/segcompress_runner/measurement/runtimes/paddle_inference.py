"""Paddle Inference, with or without its int8 pass.

oneDNN stays on, as Paddle 2.6.2 sets it by default on a CPU, for all that it computes fast (`paddle_onednn`).
The int8 pass (`enable_mkldnn_int8`) reads the scales which QuantAware left in the program; `paddle_int8` says
which operators it may take.

Weights that are dequantised at each run must not meet both oneDNN and shared memory (`enable_memory_optim`):
oneDNN keeps their address, and reads there once the memory holds something else (Paddle 2.6.2; the answers
are wrong from the second run on). With the int8 pass few are left, and the values share no memory; without
it they all are, memory would be several times as much, and oneDNN is off.

Each run sets the thread count of the process's maths libraries to its own, so sessions with different counts
live side by side; an executor must set its count again after them. Nothing is written to disk: neither
optimised models nor caches are asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill, indent
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.errors import InvalidInputError, is_blameless
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.measurement.runtimes.paddle_int8 import POOLING, int8_operators
from segcompress_runner.measurement.runtimes.paddle_onednn import (
    RESIZING,
    dequantises,
    onednn_operators,
    resizes,
)
from segcompress_runner.measurement.runtimes.quiet import quiet
from segcompress_runner.measurement.runtimes.row import Candidate, Device, Runtime, Way, always
from segcompress_runner.measurement.runtimes.session import Predict, predictor

_GPU_POOL_MB = 256
_SUMMARY_LENGTH = 200


@dataclass(frozen=True)
class PaddleOptions:
    """Where and how Paddle Inference computes; `threads` and `int8` matter on a CPU only."""

    threads: int = 1
    device: Device = "CPU"
    int8: bool = False


class PaddleSession:
    """An inference model in Paddle Inference; raises InvalidInputError where it does not load or run."""

    precision = "f32"

    def __init__(self, files: ModelFiles, options: PaddleOptions = PaddleOptions()) -> None:
        from paddle import inference

        self._program = files.program.name
        # First of all, for Paddle computes operators as it loads them, to fold constants.
        self._batch = inspect_model(files).input_shape[0]
        try:
            with quiet():
                predictor = inference.create_predictor(_config(files, options))
        except Exception as error:
            if is_blameless(error):
                raise
            raise InvalidInputError(
                f"{self._program}: Paddle Inference cannot load it ({_summary(error)})"
            ) from error
        self._predictor = predictor
        self._input = predictor.get_input_handle(predictor.get_input_names()[0])
        self._output = predictor.get_output_handle(predictor.get_output_names()[0])

    @property
    def batch(self) -> int | None:
        """Return the batch size that the program fixes, None where it is free."""
        return self._batch if self._batch > 0 else None

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the model's output for x; raises InvalidInputError where the model refuses its shape."""
        self._input.reshape(x.shape)
        self._input.copy_from_cpu(x)
        try:
            self._predictor.run()
        except Exception as error:
            if is_blameless(error):
                raise
            raise InvalidInputError(
                f"{self._program}: does not run on pictures of shape {list(x.shape[1:])} "
                f"({_summary(error)}); valTransforms must give the size that the model takes"
            ) from error
        output: NDArray[Any] = self._output.copy_to_cpu()
        return output


def paddle_predictor(files: ModelFiles, options: PaddleOptions = PaddleOptions()) -> Predict:
    """Return a function from batches of any length to the outputs of the model."""
    return predictor(PaddleSession(files, options))


def _config(files: ModelFiles, options: PaddleOptions) -> Any:
    from paddle import inference

    config = inference.Config(str(files.program), str(files.params))
    config.disable_glog_info()
    config.switch_ir_optim()
    config.enable_memory_optim(not options.int8)
    if options.device == "GPU":
        config.enable_use_gpu(_GPU_POOL_MB, 0)
        return config
    config.disable_gpu()
    config.set_cpu_math_library_num_threads(options.threads)
    if dequantises(files) and not options.int8:
        config.disable_mkldnn()
        return config
    config.enable_mkldnn()
    config.set_mkldnn_op(onednn_operators(files))
    if options.int8:
        # Replaces all passes, so it comes before one is added.
        config.enable_mkldnn_int8(int8_operators(files))
    if resizes(files):
        config.pass_builder().append_pass(RESIZING)
    return config


def _summary(error: Exception) -> str:
    """Return the sentence of one of Paddle's errors, which stands below a C++ traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    summary = next(
        (line for line in lines if line.startswith("(")), lines[-1] if lines else type(error).__name__
    )
    return summary if len(summary) <= _SUMMARY_LENGTH else f"{summary[:_SUMMARY_LENGTH]}…"


def _opener(device: Device = "CPU", *, int8: bool = False) -> Callable[[Candidate, int], PaddleSession]:
    return lambda candidate, threads: PaddleSession(candidate.files, PaddleOptions(threads, device, int8))


def _code(*lines: str) -> str:
    """Return how to load the saved model, `lines` being what is set of a `config`."""
    return "\n".join(
        (
            "from paddle import inference\n",
            'config = inference.Config("model.pdmodel", "model.pdiparams")',
            *lines,
            "predictor = inference.create_predictor(config)",
            "feed = predictor.get_input_handle(predictor.get_input_names()[0])",
            "feed.copy_from_cpu(picture)",
            "predictor.run()",
            "output = predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()\n",
        )
    )


_ON_CPU = ("config.disable_gpu()", "config.set_cpu_math_library_num_threads(threads)")
_WITH_ONEDNN = (*_ON_CPU, "config.enable_mkldnn()")


def _cpu_code(files: ModelFiles) -> str:
    if dequantises(files):
        return _code(*_ON_CPU, "config.disable_mkldnn()")
    return _onednn_code(files)


def _int8_code(files: ModelFiles) -> str:
    return _onednn_code(files, *_call("enable_mkldnn_int8", int8_operators(files)))


def _onednn_code(files: ModelFiles, *int8: str) -> str:
    resizing = (f'config.pass_builder().append_pass("{RESIZING}")',) if resizes(files) else ()
    return _code(*_WITH_ONEDNN, *_call("set_mkldnn_op", onednn_operators(files)), *int8, *resizing)


def _call(method: str, operators: set[str]) -> tuple[str, ...]:
    """Return the call that names operators; nothing if there are none."""
    names = fill(", ".join(f'"{name}"' for name in sorted(operators)), 90)
    return (f"config.{method}({{\n{indent(names, '    ')}\n}})",) if names else ()


def _cpu_how(files: ModelFiles) -> str:
    if dequantises(files):
        return "CPU, oneDNN off (Config.disable_mkldnn), since the weights are dequantised at each run"
    return _onednn_how(files)


def _onednn_how(files: ModelFiles) -> str:
    resizing = f", resizing too ({RESIZING})" if resizes(files) else ""
    if onednn_operators(files):
        return f"CPU, oneDNN on for all operators but softmax (Config.set_mkldnn_op){resizing}"
    return f"CPU, oneDNN on, as Paddle 2.6.2 sets it by default{resizing}"


def _int8_how(files: ModelFiles) -> str:
    given = "with its default operators except elementwise_*"
    pools = POOLING in int8_operators(files)
    too = "" if pools else "; except pool2d too, since the model pools adaptively"
    return f"{_onednn_how(files)}, and its int8 pass (Config.enable_mkldnn_int8 {given}{too})"


RUNTIME = Runtime(
    name="PaddleInference",
    artefact=None,
    ways=(
        Way(
            "default",
            "CPU",
            ("float", "quantised"),
            int8=False,
            how=_cpu_how,
            code=_cpu_code,
            open=_opener(),
            in_processes=True,
        ),
        Way(
            "int8",
            "CPU",
            ("quantised",),
            int8=True,
            how=_int8_how,
            code=_int8_code,
            open=_opener(int8=True),
            in_processes=True,
        ),
        # Without TensorRT, which the image does not carry, a GPU computes a quantised model in float.
        Way(
            "gpu",
            "GPU",
            ("float", "quantised"),
            int8=False,
            how=always("GPU (Config.enable_use_gpu), no TensorRT"),
            code=always(_code(f"config.enable_use_gpu({_GPU_POOL_MB}, 0)")),
            open=_opener("GPU"),
        ),
    ),
)

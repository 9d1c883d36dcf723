"""The ways in which a model can be run on the runtimes that a user named, and the check that each is right.

A variant's speed is worth nothing until the very same variant was evaluated on the validation pictures: only
`Checked` variants go into a benchmark.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segcompress_api.job import RuntimeName
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.evaluation import Predict, Scores
from segcompress_runner.measurement.runtimes.onnx_runtime import OnnxSession
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleOptions, PaddleSession
from segcompress_runner.measurement.runtimes.session import Session, predictor

Device = Literal["CPU", "GPU"]

DESCRIPTIONS: Mapping[tuple[RuntimeName, str], str] = {
    ("PaddleInference", "default"): "CPU, oneDNN on, as Paddle 2.6.2 sets it by default",
    ("PaddleInference", "int8"): "CPU, oneDNN and its int8 pass on (Config.enable_mkldnn_int8)",
    ("PaddleInference", "gpu"): "GPU (Config.enable_use_gpu), no TensorRT",
    ("ONNXRuntime", "default"): "CPU",
    ("ONNXRuntime", "precise"): "CPU, session.x64quantprecision=1: int8 sums do not saturate without VNNI",
}
"""What a user must set to run a model as it was measured."""


@dataclass(frozen=True)
class Candidate:
    """A model to run: its files, whether its program holds quantisation, and its ONNX export where made."""

    files: ModelFiles
    quantised: bool
    onnx: Path | None = None


@dataclass(frozen=True)
class Variant:
    """One way to run one model; `open` loads it on so many threads."""

    runtime: RuntimeName
    name: str
    open: Callable[[int], Session]

    @property
    def key(self) -> tuple[RuntimeName, str]:
        """Return its key in `DESCRIPTIONS`."""
        return self.runtime, self.name


@dataclass(frozen=True)
class Checked:
    """A variant, and what it scored on the validation pictures."""

    variant: Variant
    scores: Scores


def variants(candidate: Candidate, runtimes: Sequence[RuntimeName], device: Device) -> tuple[Variant, ...]:
    """Return every way to run `candidate` on `runtimes`, in their order; ONNX Runtime runs on the CPU only.

    Raises ValueError where ONNXRuntime is named and the candidate has no ONNX export.
    """
    return tuple(
        variant
        for runtime in runtimes
        for variant in (_paddle(candidate, device) if runtime == "PaddleInference" else _onnx(candidate))
    )


def check(
    offered: Sequence[Variant],
    evaluate: Callable[[Predict], Scores],
    threads: int,
    known: Mapping[tuple[RuntimeName, str], Scores],
) -> tuple[Checked, ...]:
    """Evaluate each variant on `threads` threads, but for those whose scores are `known` by their keys."""
    return tuple(
        Checked(variant, known.get(variant.key) or evaluate(predictor(variant.open(threads))))
        for variant in offered
    )


def _paddle(candidate: Candidate, device: Device) -> list[Variant]:
    def variant(name: str, *, int8: bool = False) -> Variant:
        return Variant(
            "PaddleInference",
            name,
            lambda threads: PaddleSession(candidate.files, PaddleOptions(threads, device, int8)),
        )

    if device == "GPU":
        return [variant("gpu")]
    return [variant("default"), variant("int8", int8=True)] if candidate.quantised else [variant("default")]


def _onnx(candidate: Candidate) -> list[Variant]:
    path = candidate.onnx
    if path is None:
        raise ValueError(f"{candidate.files.program} was not exported to ONNX")
    name = "precise" if candidate.quantised else "default"
    return [Variant("ONNXRuntime", name, lambda threads: OnnxSession(path, threads))]

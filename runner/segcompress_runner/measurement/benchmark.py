"""How long one picture takes, baseline and compressed model by turns in one process.

Single stream as MLPerf has it (batch 1, one query after the other) on a real validation picture. Nothing but
the runtime's own call is timed: copy in, compute, copy out. No process of its own is needed: each Paddle
session sets the process's maths threads to its own number at every run, and ONNX Runtime has threads of its
own. Seen with OMP_NUM_THREADS=2, after an executor on two threads: sessions of one thread spend 0.0 ms of CPU
on any other thread.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcompress_api.job import Benchmark, RuntimeName
from segcompress_runner.measurement.model_output import OutputNotFiniteError
from segcompress_runner.measurement.runtimes.row import Device
from segcompress_runner.measurement.runtimes.session import Session, predictor
from segcompress_runner.measurement.schedule import abba, percentile
from segcompress_runner.measurement.variants import Checked
from segcompress_runner.progress import Progress, Stage

_SETTLING = 2
"""Queries at the start of each turn that do not count: the other model's data fill the caches."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds that one query took, of one model in one variant, and that variant's own mIoU."""

    runtime: RuntimeName
    variant: str
    device: Device
    int8: bool
    miou: float
    p10_ms: float
    p50_ms: float
    p90_ms: float
    mean_ms: float
    queries: int


@dataclass(frozen=True)
class Comparison:
    """Baseline and compressed model on one device of one runtime."""

    runtime: RuntimeName
    device: Device
    baseline: Latency
    compressed: tuple[Latency, ...]

    @property
    def deployed(self) -> Latency:
        """Return the compressed model's variant to deploy: the fastest, of a quantised model in int8.

        Its accuracy is judged, whatever a variant that computes in float would reach.
        """
        int8 = [latency for latency in self.compressed if latency.int8]
        return min(int8 or self.compressed, key=lambda latency: latency.p50_ms)

    @property
    def speedup(self) -> float:
        """Return the baseline's median over that of the variant to deploy; below 1 it is slower."""
        return self.baseline.p50_ms / self.deployed.p50_ms


def benchmark(
    baseline: Sequence[Checked],
    compressed: Sequence[Checked],
    picture: NDArray[np.float32],
    settings: Benchmark,
    progress: Progress,
) -> tuple[Comparison, ...]:
    """Return a comparison for each of settings.runtimes and its devices, in order; enters Stage.BENCHMARK.

    `picture` is 3 x H x W as the model takes it. Raises OutputNotFiniteError where a model gives NaN for it.
    """
    groups = [
        [first, *(one for one in compressed if _place(one) == _place(first))]
        for runtime in settings.runtimes
        for first in baseline
        if first.variant.runtime == runtime
    ]
    counted = [block.queries for group in groups for block in abba(len(group), settings.min_queries)]
    progress.start(Stage.BENCHMARK, sum(counted))
    batch = np.ascontiguousarray(picture[np.newaxis], dtype=np.float32)
    done = itertools.accumulate(counted)
    return tuple(
        _compared(group, _measure(group, batch, settings, lambda: progress.step(next(done))))
        for group in groups
    )


def _place(checked: Checked) -> tuple[RuntimeName, Device]:
    return checked.variant.runtime, checked.variant.device


def _measure(
    group: Sequence[Checked], batch: NDArray[np.float32], settings: Benchmark, after_block: Callable[[], None]
) -> list[list[float]]:
    """Return the seconds of each counted query, for each model of one runtime."""
    sessions = [checked.variant.open(settings.threads) for checked in group]
    for session in sessions:
        _warm_up(session, batch, settings.warmup)
    seconds: list[list[float]] = [[] for _ in group]
    for block in abba(len(group), settings.min_queries):
        seconds[block.index] += _timed(sessions[block.index], batch, block.queries)
        after_block()
    return seconds


def _compared(group: Sequence[Checked], seconds: Sequence[Sequence[float]]) -> Comparison:
    baseline, *compressed = (_latency(*pair) for pair in zip(group, seconds, strict=True))
    return Comparison(baseline.runtime, baseline.device, baseline, tuple(compressed))


def _latency(checked: Checked, seconds: Sequence[float]) -> Latency:
    return Latency(
        runtime=checked.variant.runtime,
        variant=checked.variant.name,
        device=checked.variant.device,
        int8=checked.variant.int8,
        miou=checked.scores.miou,
        p10_ms=1000 * percentile(seconds, 10),
        p50_ms=1000 * percentile(seconds, 50),
        p90_ms=1000 * percentile(seconds, 90),
        mean_ms=1000 * sum(seconds) / len(seconds),
        queries=len(seconds),
    )


def _warm_up(session: Session, batch: NDArray[np.float32], queries: int) -> None:
    run = predictor(session)
    output = run(batch)
    if np.issubdtype(output.dtype, np.floating) and not np.isfinite(output).all():
        raise OutputNotFiniteError(
            "the model's output for the benchmark's picture holds NaN or infinite scores"
        )
    for _ in range(queries - 1):
        run(batch)


def _timed(session: Session, batch: NDArray[np.float32], queries: int) -> list[float]:
    run = predictor(session)
    for _ in range(_SETTLING):
        run(batch)
    seconds = []
    for _ in range(queries):
        start = time.perf_counter()
        run(batch)
        seconds.append(time.perf_counter() - start)
    return seconds

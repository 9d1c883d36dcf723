"""How long one picture takes, baseline and compressed model by turns in one process.

Single stream as MLPerf has it (batch 1, one query after the other) on a real validation picture. Nothing but
the runtime's own call is timed: copy in, compute, copy out. No process of its own is needed: each Paddle
session sets the process's maths threads to its own number at every run, and ONNX Runtime has threads of its
own. Seen with OMP_NUM_THREADS=2, after an executor on two threads: sessions of one thread spend 0.0 ms of CPU
on any other thread. An OpenVINO session of one thread computes on the caller's.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcompress_api.benchmark import Benchmark, RuntimeName
from segcompress_runner.measurement.bootstrap import Interval, Turns, ratio_of_medians
from segcompress_runner.measurement.model_output import OutputNotFiniteError
from segcompress_runner.measurement.runtimes.row import Device
from segcompress_runner.measurement.runtimes.session import Session, predictor
from segcompress_runner.measurement.schedule import abba, percentile
from segcompress_runner.measurement.variants import Checked
from segcompress_runner.progress import Progress, Stage

_SETTLING = 2
"""Queries at the start of each turn that do not count: the other model's data fill the caches."""


PRECISION_LOSS = 0.005
"""mIoU that a variant may lose against another of the same model and still be called right, as a float export
may against the saved model: bf16 may cost a model more than that, and must not be used then."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds that one query took, of one model in one variant, and that variant's own mIoU."""

    runtime: RuntimeName
    variant: str
    device: Device
    int8: bool
    precision: str
    """What floats are computed in, as the runtime itself says: f32, or bf16."""
    miou: float
    p10_ms: float
    p50_ms: float
    p90_ms: float
    mean_ms: float
    queries: int


@dataclass(frozen=True)
class Comparison:
    """Baseline and compressed model, each in all its variants, on one device of one runtime."""

    runtime: RuntimeName
    device: Device
    baseline: tuple[Latency, ...]
    compressed: tuple[Latency, ...]
    interval: Interval
    """Of the speed-up, with 95 % confidence."""

    @property
    def reference(self) -> Latency:
        """Return the baseline's variant to deploy: what a user has without a compression."""
        return _fastest(self.baseline)

    @property
    def deployed(self) -> Latency:
        """Return the compressed model's variant to deploy."""
        return _to_deploy(self.compressed)

    @property
    def speedup(self) -> float:
        """Return what the compression gains: the median of `reference` over that of `deployed`."""
        return self.reference.p50_ms / self.deployed.p50_ms


def _fastest(variants: Sequence[Latency]) -> Latency:
    """Return the fastest of the variants that are right: as accurate as the best, but for PRECISION_LOSS."""
    best = max(one.miou for one in variants)
    right = [one for one in variants if one.miou >= best - PRECISION_LOSS]
    return min(right, key=lambda one: one.p50_ms)


def _to_deploy(compressed: Sequence[Latency]) -> Latency:
    """Return the fastest variant, of a quantised model the fastest in int8.

    Its accuracy is judged, whatever a variant that computes in float would reach.
    """
    return _fastest([latency for latency in compressed if latency.int8] or compressed)


_Timed = tuple[Latency, Turns]


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
    places = dict.fromkeys(
        _place(one) for runtime in settings.runtimes for one in baseline if one.variant.runtime == runtime
    )
    pairs = [(_at(place, baseline), _at(place, compressed)) for place in places]
    turns = [abba(len(before) + len(after), settings.min_queries) for before, after in pairs]
    counted = [block.queries for blocks in turns for block in blocks]
    progress.start(Stage.BENCHMARK, sum(counted))
    batch = np.ascontiguousarray(picture[np.newaxis], dtype=np.float32)
    done = itertools.accumulate(counted)
    compared = []
    for place, (before, after) in zip(places, pairs, strict=True):
        measured = _measure([*before, *after], batch, settings, lambda: progress.step(next(done)))
        compared.append(_compared(place, measured[: len(before)], measured[len(before) :]))
    return tuple(compared)


def _at(place: tuple[RuntimeName, Device], variants: Sequence[Checked]) -> list[Checked]:
    return [one for one in variants if _place(one) == place]


def _place(checked: Checked) -> tuple[RuntimeName, Device]:
    return checked.variant.runtime, checked.variant.device


def _measure(
    group: Sequence[Checked], batch: NDArray[np.float32], settings: Benchmark, after_block: Callable[[], None]
) -> list[_Timed]:
    """Return the latency of each model of one runtime, in their order, and the times that it comes from."""
    sessions = [checked.variant.open(settings.threads) for checked in group]
    for session in sessions:
        _warm_up(session, batch, settings.warmup)
    turns: list[list[list[float]]] = [[] for _ in group]
    for block in abba(len(group), settings.min_queries):
        turns[block.index].append(_timed(sessions[block.index], batch, block.queries))
        after_block()
    latencies = (_latency(*one) for one in zip(group, sessions, turns, strict=True))
    return list(zip(latencies, turns, strict=True))


def _compared(
    place: tuple[RuntimeName, Device], before: Sequence[_Timed], after: Sequence[_Timed]
) -> Comparison:
    first, second = (tuple(latency for latency, _ in side) for side in (before, after))
    interval = ratio_of_medians(_turns_of(_fastest(first), before), _turns_of(_to_deploy(second), after))
    return Comparison(*place, first, second, interval)


def _turns_of(chosen: Latency, timed: Sequence[_Timed]) -> Turns:
    return next(turns for latency, turns in timed if latency is chosen)


def _latency(checked: Checked, session: Session, turns: Turns) -> Latency:
    seconds = [one for turn in turns for one in turn]
    return Latency(
        runtime=checked.variant.runtime,
        variant=checked.variant.name,
        device=checked.variant.device,
        int8=checked.variant.int8,
        precision=session.precision,
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

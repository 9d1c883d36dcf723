"""The ways in which a model can be run on the runtimes that a user named, and the check that each is right.

A variant's speed is worth nothing until the very same variant was evaluated on the validation pictures: only
`Checked` variants go into a benchmark.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from segcompress_api.benchmark import RuntimeName
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.boundary import BoundaryIou
from segcompress_runner.measurement.evaluation import Predict, Scores
from segcompress_runner.measurement.parallel import ParallelSession
from segcompress_runner.measurement.runtimes.row import Candidate, Device, Way
from segcompress_runner.measurement.runtimes.session import Session, predictor
from segcompress_runner.measurement.runtimes.table import RUNTIMES

__all__ = ["Candidate", "Checked", "Device", "Variant", "check", "describe", "opened", "variants", "way_of"]


@dataclass(frozen=True)
class Variant:
    """One way to run one model, from these files; `open` loads it on so many threads, and can be pickled.

    `in_processes` says whether several processes run it faster than one with as many threads.
    """

    runtime: RuntimeName
    name: str
    device: Device
    int8: bool
    files: tuple[Path, ...]
    open: Callable[[int], Session]
    in_processes: bool = False

    @property
    def size_bytes(self) -> int:
        """Return the bytes of all files that are loaded."""
        return sum(path.stat().st_size for path in self.files)

    def predictors(self, processes: int) -> int:
        """Return how many predictors evaluate it where there may be so many processes."""
        return processes if self.in_processes else 1

    def __str__(self) -> str:
        return f"{self.runtime} ({self.name}, {self.device})"


@dataclass(frozen=True)
class Checked:
    """A variant, and what it scored on the validation pictures, whole and along boundaries."""

    variant: Variant
    scores: Scores
    boundary: BoundaryIou


def way_of(runtime: RuntimeName, name: str) -> Way:
    """Return how a model runs in the variant of that name."""
    return next(way for way in RUNTIMES[runtime].ways if way.name == name)


def describe(runtime: RuntimeName, name: str, model: ModelFiles) -> str:
    """Return what a user must set to run a saved model in the variant of that name."""
    return way_of(runtime, name).how(model)


def variants(
    candidate: Candidate, runtime: RuntimeName, device: Device, *, quantises: bool
) -> tuple[Variant, ...]:
    """Return every way to run `candidate` on `runtime` that a run on `device` compares.

    `quantises` speaks of the run: where it does, the baseline too is measured wherever int8 is computed.
    Raises ValueError where the candidate was not exported to what the runtime loads.
    """
    row = RUNTIMES[runtime]
    if row.artefact is not None and row.artefact not in candidate.exports:
        raise ValueError(f"{candidate.files.program} was not exported to {row.artefact}")
    devices = row.devices(device, quantises=quantises)
    return tuple(
        _variant(runtime, way, candidate)
        for way in row.ways
        if way.device in devices and candidate.kind in way.runs
    )


def check(
    offered: Sequence[Variant],
    evaluate: Callable[[Variant, Predict], tuple[Scores, BoundaryIou]],
    threads: int,
    processes: int = 1,
) -> tuple[Checked, ...]:
    """Evaluate each variant on `threads` threads, of up to `processes` processes."""
    return tuple(_checked(variant, evaluate, threads, processes) for variant in offered)


@contextmanager
def opened(variant: Variant, threads: int, processes: int) -> Iterator[Session]:
    """Load a variant in this process, or in several where that is faster: these share the threads."""
    predictors = variant.predictors(processes)
    if predictors == 1:
        yield variant.open(threads)
        return
    with closing(
        ParallelSession(partial(variant.open, max(threads // predictors, 1)), predictors)
    ) as session:
        yield session


def _checked(
    variant: Variant,
    evaluate: Callable[[Variant, Predict], tuple[Scores, BoundaryIou]],
    threads: int,
    processes: int,
) -> Checked:
    with opened(variant, threads, processes) as session:
        return Checked(variant, *evaluate(variant, predictor(session)))


def _variant(runtime: RuntimeName, way: Way, candidate: Candidate) -> Variant:
    files = RUNTIMES[runtime].files(candidate)
    load = partial(_open, runtime, way.name, candidate)
    return Variant(runtime, way.name, way.device, way.int8, files, load, way.in_processes)


def _open(runtime: RuntimeName, name: str, candidate: Candidate, threads: int) -> Session:
    return way_of(runtime, name).open(candidate, threads)

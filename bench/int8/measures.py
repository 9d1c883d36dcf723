"""Time and accuracy of models in OpenVINO, each in f32 and in the default precision, taking turns.

A session of one thread computes on the caller's thread, and what is measured is that thread's CPU time: on an
idle machine its latency, and on a shared one still what the model costs.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from segcompress_api.dataset import Dataset
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.measurement.agreement import Agreement, LabelMaps
from segcompress_runner.measurement.bootstrap import Interval, ratio_of_medians
from segcompress_runner.measurement.evaluation import Options, evaluate
from segcompress_runner.measurement.runtimes.openvino_runtime import OpenVinoSession
from segcompress_runner.measurement.runtimes.session import predictor
from segcompress_runner.measurement.schedule import abba, percentile

_WARM_UP = 5
_Turns = list[list[float]]


@dataclass(frozen=True)
class Figures:
    """Of one model in one precision."""

    model: str
    rest: str
    """What is not int8 is computed in, as OpenVINO itself says."""
    milliseconds: float
    ratio: float
    """Times as fast as the float model in f32."""
    interval: Interval
    beside: Interval
    """Of how many times as fast as the last model in the same precision it is."""
    miou: float
    agreeing: float
    """Share of the pixels whose class is that of the float model in f32."""


@dataclass(frozen=True)
class _Subject:
    model: str
    session: OpenVinoSession


def measure(
    models: Mapping[str, Path], pictures: Pictures, dataset: Dataset, queries: int
) -> tuple[Figures, ...]:
    """Return the figures of each model in both precisions; the first, in f32, is what all refer to."""
    subjects = [
        _Subject(name, OpenVinoSession(path, 1, precision))
        for name, path in models.items()
        for precision in ("f32", None)
    ]
    scored = _scored(subjects, pictures, dataset)
    batch = np.ascontiguousarray(pictures[0][0][np.newaxis], np.float32)
    turns = _by_turns(subjects, batch, queries)
    return tuple(
        Figures(
            one.model,
            one.session.precision,
            1000 * _median(each),
            _median(turns[0]) / _median(each),
            ratio_of_medians(turns[0], each),
            ratio_of_medians(turns[place % 2 - 2], each),
            *scores,
        )
        for place, (one, each, scores) in enumerate(zip(subjects, turns, scored, strict=True))
    )


def _scored(subjects: Sequence[_Subject], pictures: Pictures, dataset: Dataset) -> list[tuple[float, float]]:
    """Return the mIoU of each, and the share of pixels that it predicts as the first does."""
    found = []
    with TemporaryDirectory() as folder:
        maps = LabelMaps(Path(folder, "first.maps"))
        for place, one in enumerate(subjects):
            agreement = Agreement()
            observe = maps.compare(agreement) if place else maps.keep
            scores = evaluate(predictor(one.session), pictures, dataset, Options(observers=(observe,)))
            found.append((scores.miou, 1 - agreement.differing_share))
    return found


def _by_turns(subjects: Sequence[_Subject], batch: NDArray[np.float32], queries: int) -> list[_Turns]:
    """Return the seconds of each query of each turn, of each subject."""
    for one in subjects:
        for _ in range(_WARM_UP):
            one.session.run(batch)
    turns: list[_Turns] = [[] for _ in subjects]
    for block in abba(len(subjects), queries):
        session = subjects[block.index].session
        session.run(batch)  # the other models' data fill the caches
        turns[block.index].append([_seconds(session, batch) for _ in range(block.queries)])
    return turns


def _seconds(session: OpenVinoSession, batch: NDArray[np.float32]) -> float:
    start = time.thread_time()
    session.run(batch)
    return time.thread_time() - start


def _median(turns: _Turns) -> float:
    return percentile([one for turn in turns for one in turn], 50)

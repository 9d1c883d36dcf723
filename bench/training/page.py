"""The figures as a page. Pure."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from segcompress_runner.outputs.table import markdown

SIDES = ("ours", "upstream")

_HEAD = """# How fast trainings and evaluations are, compared with upstream

Written by `make bench-training` ({how}).
PP-HumanSeg-Lite at 192x192 on the sample's pictures, batches of 8, settings in
[cases.yaml](../bench/training/cases.yaml). *upstream* is PaddleSlim's `AutoCompression`, driven as its
example for segmentation drives it (loaders without workers, evaluation of one picture at a time), by
[a program of ours](../bench/training/upstream.py), which gives it our order of pictures. Both sides take
turns, each in a new process. A training's time includes the start of its process, its CPU seconds are those
of all its processes, and its peak is the largest one's. An evaluation's time begins once the model is open,
which takes longer on our side (one process for each core opens it). A ratio is the median of neighbouring
runs' ratios; if there were several rounds, the smallest and the largest follow.

"""


@dataclass(frozen=True)
class Trained:
    """One training: wall and CPU seconds, peak memory, and the mIoU of what it made."""

    case: str
    side: str
    seconds: float
    cpu: float
    peak_mb: float
    miou: float


@dataclass(frozen=True)
class Evaluated:
    """One evaluation: pictures a second, and the confusion matrix."""

    side: str
    rate: float
    confusion: Sequence[Sequence[int]]


def page(how: str, trained: Sequence[Trained], evaluated: Sequence[Evaluated]) -> str:
    """Return the page; `how` says when, where and for how long it was measured."""
    return _HEAD.format(how=how) + tables(trained, evaluated) + "\n"


def tables(trained: Sequence[Trained], evaluated: Sequence[Evaluated]) -> str:
    """Return the tables of trainings and of evaluations."""
    header = ("training", "side", "seconds", "CPU seconds", "peak MB", "mIoU", "wall, ours / upstream")
    lines = [line for name in dict.fromkeys(one.case for one in trained) for line in _rows(name, trained)]
    return f"{markdown(header, lines)}\n\n{_evaluation(evaluated)}"


def _rows(name: str, trained: Iterable[Trained]) -> list[tuple[str, ...]]:
    runs = {side: [one for one in trained if (one.case, one.side) == (name, side)] for side in SIDES}
    shares = [ours.seconds / theirs.seconds for ours, theirs in zip(*runs.values(), strict=True)]
    return [
        (
            name,
            side,
            _spread([one.seconds for one in made], "{:.1f}"),
            f"{statistics.median(one.cpu for one in made):.1f}",
            f"{max(one.peak_mb for one in made):.0f}",
            _spread([one.miou for one in made], "{:.4f}"),
            _spread(shares, "{:.2f}") if side == SIDES[0] else "",
        )
        for side, made in runs.items()
    ]


def _evaluation(evaluated: Sequence[Evaluated]) -> str:
    rates = {side: [one.rate for one in evaluated if one.side == side] for side in SIDES}
    times = [ours / theirs for ours, theirs in zip(*rates.values(), strict=True)]
    header = ("evaluation", "pictures a second", "times upstream's")
    lines = [
        (side, _spread(rates[side], "{:.1f}"), _spread(times, "{:.1f}") if side == SIDES[0] else "")
        for side in SIDES
    ]
    matrices = {str(one.confusion) for one in evaluated}
    alike = "identical" if len(matrices) == 1 else f"DIFFERENT: {'; '.join(sorted(matrices))}"
    return f"{markdown(header, lines)}\n\nThe confusion matrices are {alike}."


def _spread(values: Sequence[float], form: str) -> str:
    """Return the median, and the least and the largest value where there are several."""
    shown: Callable[[float], str] = form.format
    middle = shown(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({shown(min(values))} to {shown(max(values))})"

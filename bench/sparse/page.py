"""The page of the bench, as Markdown. Pure."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from bench.sparse.layers import KINDS, RUNS, Times

from segcompress_runner.outputs.table import markdown

HEADER = (
    "model",
    "teacher",
    "sparse training",
    "sparsity",
    "dense",
    "sparse",
    "speed-up (95 %)",
    "goal",
    "mIoU",
    "lost",
)

_NONE = "–"

INTRODUCTION = """# Sparse models on MNN

Written by `make bench-sparse` ({date}, {minutes:.0f} minutes on {processor}; MNN {mnn}).

75 % of the weights of 1x1 convolutions are zero, in [blocks of 4x1](strategies.md#blocks), layer by layer.
PP-HumanSeg-Lite is pruned by [reconstruction](strategies.md#reconstruction). Except in the row *one ratio*,
the decoder of DeepLabV3P has [ratios of its own](strategies.md#ratios-of-single-layers), with 75 % over all.
The dense and the sparse model take turns in the run that made the sparse one
([cases.yaml](../bench/sparse/cases.yaml)): one thread, batch 1, f32. mIoU is measured on {images} of the
sample's pictures. *goal* is the speed-up to reach; the goal for mIoU is to lose at most 0.006. *teacher* and
*sparse training* are the iterations and seconds for which the two models were trained.

"""

TIMES = """
## Where the time goes

Milliseconds by kind of layer: sums of each layer's least time, in {runs} runs with a clock around each.
Sparse kernels are for 1x1 convolutions alone: *bound* is the speed-up if these took no time at all.

"""


@dataclass(frozen=True)
class Case:
    """A case as cases.yaml has it, its result.json, its dense model's training, and where the time goes."""

    name: str
    case: Mapping[str, Any]
    result: Mapping[str, Any]
    teacher: Mapping[str, Any]
    times: Times


def page(cases: Sequence[Case], seconds: float) -> str:
    """Return the whole page."""
    first = cases[0].result
    head = INTRODUCTION.format(
        date=time.strftime("%Y-%m-%d"),
        minutes=seconds / 60,
        processor=first["metrics"]["processor"],
        mnn=version("mnn"),
        images=first["scores"]["baseline"][0]["images"],
    )
    return head + table(cases) + "\n" + TIMES.format(runs=RUNS) + time_table(cases) + "\n"


def table(cases: Sequence[Case]) -> str:
    """Return one row a case."""
    return markdown(HEADER, [_row(one) for one in cases])


def _row(one: Case) -> tuple[str, ...]:
    metrics, training = one.result["metrics"], one.result["training"]
    (compared,) = one.result["latencies"]
    before, after = metrics["baseline"], metrics["compressed"]
    taught = one.teacher["iterations"] > 0
    low, high = (compared["interval"][end] for end in ("low", "high"))
    return (
        one.name,
        f"{one.teacher['iterations']} ({one.teacher['seconds']:.0f} s)" if taught else "random weights",
        f"{training['iterations']} ({training['seconds']:.0f} s)",
        after["sparsity"],
        f"{before['latencyMs']} ms",
        f"{after['latencyMs']} ms",
        f"{compared['speedup']:.2f}x ({low:.2f} to {high:.2f})",
        f"{one.case['goal']}x",
        *((f"{before['miou']} → {after['miou']}", metrics["miouDrop"]) if taught else (_NONE, _NONE)),
    )


def time_table(cases: Sequence[Case]) -> str:
    """Return two rows a case: the dense model's times by kind of layer, and the sparse one's."""
    return markdown(("model", *KINDS, "bound"), [row for one in cases for row in _time_rows(one)])


def _time_rows(one: Case) -> tuple[tuple[str, ...], ...]:
    dense, sparse = one.times.dense, one.times.sparse
    whole = sum(dense.values())
    bound = f"{whole / (whole - dense[KINDS[0]]):.1f}x"
    return (
        (f"{one.name}, dense", *(f"{dense[kind]:.2f} ({dense[kind] / whole:.0%})" for kind in KINDS), bound),
        (f"{one.name}, sparse", *(f"{sparse[kind]:.2f}" for kind in KINDS), _NONE),
    )

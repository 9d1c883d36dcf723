"""The page of the bench, as Markdown. Pure."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

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
The dense and the sparse model take turns in the run that made the sparse one
([cases.yaml](../bench/sparse/cases.yaml)): one thread, batch 1, f32. mIoU is measured on {images} of the
sample's pictures. *goal* is the speed-up to reach; the goal for mIoU is to lose at most 0.006. *teacher* and
*sparse training* are the iterations and seconds for which the two models were trained.

"""


@dataclass(frozen=True)
class Case:
    """One case as cases.yaml has it, its result.json, and how its dense model was trained."""

    name: str
    case: Mapping[str, Any]
    result: Mapping[str, Any]
    teacher: Mapping[str, Any]


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
    return head + table(cases) + "\n"


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

"""The page of the bench, as Markdown. Pure."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from bench.int8.measures import Figures

from segcompress_runner.outputs.table import markdown
from segcompress_runner.processor import this_processor

HEADER = ("model", "rest", "time", "against float in f32 (95 %)", "against NNCF", "as float predicts", "mIoU")

INTRODUCTION = """# int8 on OpenVINO, compared with NNCF

Written by `make bench-int8` ({date}, {minutes:.0f} minutes on {processor}; OpenVINO {openvino}, NNCF {nncf}).

One thread, batch 1, 1 x 3 x 512 x 1024. *float* is the exported network, *ours* the same after
[QuantPost](strategies.md#quantpost) and the export to OpenVINO, and *NNCF* is *float* after NNCF's
post-training quantisation with its defaults; both were calibrated on the same {calibration} pictures. *rest*
is the precision of everything that OpenVINO does not compute in int8: f32 if it was told so, or else its
default, bf16 on this processor. All models take turns in one process; *time* is the median CPU time of the
one thread. *against NNCF* is the 95 % interval of the speed-up over NNCF's model in the same precision. *as
float predicts* is the share of the pixels of {images} pictures to which the model gives the same class as
*float* in f32.
"""

NETWORK = """
## {name}

{training} {queries} queries each.

"""


@dataclass(frozen=True)
class Measured:
    """All of one network; `calibration` and `images` count pictures."""

    name: str
    training: Mapping[str, Any]
    calibration: int
    images: int
    queries: int
    figures: tuple[Figures, ...]


def page(networks: Sequence[Measured], seconds: float) -> str:
    """Return the whole page."""
    head = INTRODUCTION.format(
        date=time.strftime("%Y-%m-%d"),
        minutes=seconds / 60,
        processor=this_processor("CPU").cpu,
        openvino=version("openvino"),
        nncf=version("nncf"),
        calibration=networks[0].calibration,
        images=networks[0].images,
    )
    return head + "".join(
        NETWORK.format(name=one.name, queries=one.queries, training=_training(one.training))
        + table(one.figures)
        + "\n"
        for one in networks
    )


def _training(made: Mapping[str, Any]) -> str:
    if not made["iterations"]:
        return "Random weights, batch norms calibrated on pictures: mIoU says nothing here."
    iterations, batch = made["iterations"], made["batch"]
    return f"Trained for {made['seconds']} s ({iterations} iterations of {batch} pictures), no more."


def table(figures: Sequence[Figures]) -> str:
    """Return the table of one network."""
    return markdown(HEADER, [_row(one) for one in figures])


def _row(one: Figures) -> tuple[str, ...]:
    ratio = f"{one.ratio:.2f}x ({one.interval.low:.2f} to {one.interval.high:.2f})"
    beside = f"{one.beside.low:.2f} to {one.beside.high:.2f}"
    time_taken = f"{one.milliseconds:.1f} ms"
    return one.model, one.rest, time_taken, ratio, beside, f"{one.agreeing:.4f}", f"{one.miou:.4f}"

"""What gates look at, and what they say: figures of both models on each runtime, and a verdict on each."""

from collections.abc import Sequence
from dataclasses import dataclass

from segcompress_api.conditions import Reason
from segcompress_runner.measurement.bootstrap import Interval


@dataclass(frozen=True)
class Figures:
    """One model as a runtime runs it: mIoU, IoU by class, mean boundary IoU, and the bytes that it loads."""

    miou: float
    class_iou: Sequence[float]
    boundary_iou: float
    size_bytes: int


@dataclass(frozen=True)
class Speedup:
    """The baseline's latency over the compressed model's, and where that lies with 95 % confidence."""

    ratio: float
    interval: Interval


@dataclass(frozen=True)
class Deployed:
    """Both models as one runtime runs them, the compressed one in the variant to deploy."""

    runtime: str
    variant: str
    baseline: Figures
    compressed: Figures
    speedup: Speedup

    @property
    def name(self) -> str:
        """Return which runtime and variant it is, for messages."""
        return f"{self.runtime} ({self.variant})"


@dataclass(frozen=True)
class Bounds:
    """How far an exported file may be from the saved model: mIoU lost, and share of pixels that differ.

    A better mIoU is not a fault by itself, but one that comes with many other pixels is another model's.
    `pixels` is None where the file rounds values that the saved model does not: then accuracy alone tells.
    """

    miou_loss: float
    pixels: float | None


@dataclass(frozen=True)
class Parity:
    """An exported file beside the saved model that it was made from, on the same pictures."""

    artefact: str
    saved_miou: float
    miou: float
    differing: float
    bounds: Bounds


@dataclass(frozen=True)
class Measured:
    """What the gates look at; `sparsity` is None of a quantised model.

    `unfit` names the layers whose zeros do not lie as the strategy promises.
    """

    deployed: tuple[Deployed, ...]
    sparsity: float | None = None
    parities: tuple[Parity, ...] = ()
    unfit: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateResult:
    """One gate's verdict, as a sentence (`message`) and in parts.

    `gate` says what is held, and on what; `asked` and `measured` are in words. `left` is what lies between
    the figure and its bound, as a share of the bound: below 0 the gate is missed, and `reason` is the run's.
    `default`: it holds without a setting.
    """

    gate: str
    reason: Reason
    passed: bool
    asked: str
    measured: str
    left: float
    message: str
    default: bool = False

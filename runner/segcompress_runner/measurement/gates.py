"""Which promises the compressed model must keep, and whether it does. Pure: figures in, verdicts out.

Gates apply whether or not the user set any: a model that labels everything background must not be accepted
for want of a setting.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from segcompress_api.act_settings import ActSettings
from segcompress_api.conditions import Reason
from segcompress_api.job import DEFAULT_MAX_MIOU_DROP, UNLIMITED, Acceptance

SPARSITY_TOLERANCE = 0.005
"""Sparsity that may be missing from the ratio asked for."""

FOUND_IOU = 0.05
"""A class is found by a model whose IoU for it is at least this: below lie a few pixels of chance."""

KEPT_SHARE = 0.1
"""A class that was found has vanished where less than this share of its IoU is left."""

_SHOWN = 3

_ROUNDING = 9
"""Decimal places at which two figures count as equal: a spec's decimals have no exact binary value."""


@dataclass(frozen=True)
class Accuracy:
    """What one model scored: mean IoU, and the IoU of each class."""

    miou: float
    class_iou: Sequence[float]


@dataclass(frozen=True)
class Deployed:
    """Both models as one runtime runs them; `name` says which, for messages."""

    name: str
    baseline: Accuracy
    compressed: Accuracy


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
    """One gate's verdict; `reason` is the run's where it is missed, `default`: it holds without a setting."""

    reason: Reason
    passed: bool
    message: str
    default: bool = False


def check_gates(
    measured: Measured, acceptance: Acceptance, settings: ActSettings, class_names: Sequence[str] = ()
) -> tuple[GateResult, ...]:
    """Return the verdict of every gate that applies; the first that is missed names the run's reason.

    Exports come before accuracy: where one is another model, its accuracy says nothing about the saved one.
    """
    gates = (
        _requested_sparsity(measured, settings),
        _requested_pattern(measured, settings),
        _least_sparsity(measured, acceptance),
        *(_parity(parity) for parity in measured.parities),
        *(_miou_drop(one, acceptance.max_miou_drop) for one in measured.deployed),
        *(_classes_kept(one, class_names) for one in measured.deployed),
    )
    return tuple(gate for gate in gates if gate is not None)


def vanished(before: Sequence[float], after: Sequence[float]) -> tuple[int, ...]:
    """Return the classes that were found with IoU `before` and are no longer with IoU `after`."""
    return tuple(
        index
        for index, (old, new) in enumerate(zip(before, after, strict=True))
        if old >= FOUND_IOU and _rounded(new - KEPT_SHARE * old) < 0
    )


def default_gates(acceptance: Acceptance) -> str:
    """Return in words which gates a run passes or misses without having asked for them."""
    always = "no class may vanish"
    if acceptance.max_miou_drop is not None:
        return always
    return f"mIoU may drop by at most {DEFAULT_MAX_MIOU_DROP}, {always}"


def _requested_sparsity(measured: Measured, settings: ActSettings) -> GateResult | None:
    target = settings.sparsity
    asked = target.ratio if target is not None else None
    if target is None or asked is None or measured.sparsity is None:
        return None
    counted = "" if target.pattern == "1x1" else f" in whole {target.pattern} blocks"
    return GateResult(
        Reason.SPARSITY_NOT_REACHED,
        _rounded(asked - measured.sparsity) <= SPARSITY_TOLERANCE,
        f"sparsity of the saved model's pruned layers{counted}: {measured.sparsity:.4f}, asked for: "
        f"{asked:g} (spec.strategy.UnstructurePrune.ratio), tolerance {SPARSITY_TOLERANCE}",
    )


def _requested_pattern(measured: Measured, settings: ActSettings) -> GateResult | None:
    target = settings.sparsity
    if target is None or target.pattern != "2:4" or measured.sparsity is None:
        return None
    unfit = measured.unfit
    listed = ", ".join(unfit[:_SHOWN]) + (", …" if len(unfit) > _SHOWN else "")
    said = (
        f"layers of the saved model that keep more than two of four weights: {listed}"
        if unfit
        else "every pruned layer of the saved model keeps at most two of four weights"
    )
    return GateResult(Reason.SPARSITY_NOT_REACHED, not unfit, f"{said} (spec.strategy.ASPPrune)")


def _least_sparsity(measured: Measured, acceptance: Acceptance) -> GateResult | None:
    if acceptance.min_sparsity is None:
        return None
    least, field = float(acceptance.min_sparsity), "spec.acceptance.minSparsity"
    if measured.sparsity is None:
        message = f"{field}: {acceptance.min_sparsity} and the strategy prunes nothing; leave it out"
        return GateResult(Reason.ACCEPTANCE_NOT_MET, passed=False, message=message)
    return GateResult(
        Reason.ACCEPTANCE_NOT_MET,
        _rounded(measured.sparsity - least) >= 0,
        f"sparsity of the saved model's pruned layers: {measured.sparsity:.4f}, at least "
        f"{acceptance.min_sparsity} ({field})",
    )


def _miou_drop(one: Deployed, asked: str | None) -> GateResult | None:
    if asked == UNLIMITED:
        return None
    most, drop = asked or DEFAULT_MAX_MIOU_DROP, one.baseline.miou - one.compressed.miou
    origin = "" if asked else f', the default; a larger value or "{UNLIMITED}" accepts more'
    return GateResult(
        Reason.ACCEPTANCE_NOT_MET,
        _rounded(drop) <= float(most),
        f"mIoU on {one.name}: {one.compressed.miou:.4f}, baseline {one.baseline.miou:.4f}, lost {drop:.4f}, "
        f"at most {most} (spec.acceptance.maxMiouDrop{origin})",
        default=asked is None,
    )


def _classes_kept(one: Deployed, names: Sequence[str]) -> GateResult:
    lost = vanished(one.baseline.class_iou, one.compressed.class_iou)
    listed = ", ".join(_lost_class(one, index, names) for index in lost)
    return GateResult(
        Reason.ACCEPTANCE_NOT_MET,
        not lost,
        f"classes that vanished on {one.name}: {listed}; a class that the baseline finds may not vanish "
        "(always required)"
        if lost
        else f"every class that the baseline finds is still found on {one.name} (always required)",
        default=True,
    )


def _lost_class(one: Deployed, index: int, names: Sequence[str]) -> str:
    before, after = one.baseline.class_iou[index], one.compressed.class_iou[index]
    return f"{class_label(index, names)} (IoU {before:.4f} before, {after:.4f} now)"


def class_label(index: int, names: Sequence[str]) -> str:
    """Return a class as messages call it: by its name, where the dataset gives it one."""
    return names[index] if names else f"class {index}"


def _parity(parity: Parity) -> GateResult:
    bounds, loss = parity.bounds, parity.saved_miou - parity.miou
    alike = bounds.pixels is None or _rounded(parity.differing) <= bounds.pixels
    most = "" if bounds.pixels is None else f", at most {bounds.pixels:.1%}"
    return GateResult(
        Reason.EXPORT_MISMATCH,
        _rounded(loss) <= bounds.miou_loss and alike,
        f"mIoU of the {parity.artefact} file: {parity.miou:.4f}, of the saved model: "
        f"{parity.saved_miou:.4f}, at most {bounds.miou_loss:g} less; pixels that they predict "
        f"differently: {parity.differing:.2%}{most} (always required)",
        default=True,
    )


def _rounded(value: float) -> float:
    return round(value, _ROUNDING)

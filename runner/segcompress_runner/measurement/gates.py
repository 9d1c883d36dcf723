"""Which promises the compressed model must keep, and whether it does. Pure: figures in, verdicts out.

Gates apply whether or not the user set any: a model that labels everything background must not be accepted
for want of a setting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from segcompress_api.acceptance import DEFAULT_MAX_MIOU_DROP, UNLIMITED, Acceptance
from segcompress_api.act_settings import ActSettings
from segcompress_api.conditions import Reason
from segcompress_runner.measurement.bounds import Bound, held, listed, rounded
from segcompress_runner.measurement.judged import (
    Deployed,
    GateResult,
    Measured,
    Parity,
)
from segcompress_runner.measurement.sparsity_gates import sparsity_gates

FOUND_IOU = 0.05
"""A class is found by a model whose IoU for it is at least this: below lie a few pixels of chance."""

KEPT_SHARE = 0.1
"""A class that was found has vanished where less than this share of its IoU is left."""

MESSAGE_LIMIT = 1024
"""Characters of a run's message."""


def check_gates(
    measured: Measured, acceptance: Acceptance, settings: ActSettings, class_names: Sequence[str] = ()
) -> tuple[GateResult, ...]:
    """Return the verdict of every gate that applies; the first that is missed names the run's reason.

    Exports come before accuracy: where one is another model, its accuracy says nothing about the saved one.
    """
    return (
        *sparsity_gates(measured, acceptance, settings),
        *(parity_gate(parity) for parity in measured.parities),
        *(gate for one in measured.deployed for gate in _on_runtime(one, acceptance, class_names)),
    )


def why_not(missed: Sequence[GateResult]) -> str:
    """Return in at most MESSAGE_LIMIT characters which gates were missed, what was asked and what measured.

    Where the gates' own sentences are too long together, each gate gets a short one.
    """
    whole = "; ".join(gate.message for gate in missed)
    if len(whole) <= MESSAGE_LIMIT:
        return whole
    brief = "; ".join(f"{gate.gate}: {gate.measured}, {gate.asked}" for gate in missed)
    return brief if len(brief) <= MESSAGE_LIMIT else f"{brief[: MESSAGE_LIMIT - 1]}…"


def vanished(before: Sequence[float], after: Sequence[float]) -> tuple[int, ...]:
    """Return the classes that were found with IoU `before` and are no longer with IoU `after`."""
    return tuple(
        index
        for index, (old, new) in enumerate(zip(before, after, strict=True))
        if old >= FOUND_IOU and rounded(new - KEPT_SHARE * old) < 0
    )


def default_gates(acceptance: Acceptance) -> str:
    """Return in words which gates a run passes or misses without having asked for them."""
    always = "no class may vanish"
    if acceptance.max_miou_drop is not None:
        return always
    return f"mIoU may drop by at most {DEFAULT_MAX_MIOU_DROP}, {always}"


def class_label(index: int, names: Sequence[str]) -> str:
    """Return a class as messages call it: by its name, where the dataset gives it one."""
    return names[index] if names else f"class {index}"


def parity_gate(parity: Parity) -> GateResult:
    """Return whether an exported file is like enough to the saved model."""
    bounds, loss = parity.bounds, parity.saved_miou - parity.miou
    room = [rounded(bounds.miou_loss - loss) / bounds.miou_loss]
    asked, most = f"at most {bounds.miou_loss:g} less mIoU than the saved model", ""
    if bounds.pixels is not None:
        room.append(rounded(bounds.pixels - parity.differing) / bounds.pixels)
        most = f", at most {bounds.pixels:.1%}"
        asked += f"{most} other pixels"
    return GateResult(
        gate=f"{parity.artefact} file",
        reason=Reason.EXPORT_MISMATCH,
        passed=min(room) >= 0,
        asked=asked,
        measured=f"mIoU {parity.miou:.4f}, saved model {parity.saved_miou:.4f}, "
        f"{parity.differing:.2%} other pixels",
        left=min(room),
        message=f"mIoU of the {parity.artefact} file: {parity.miou:.4f}, of the saved model: "
        f"{parity.saved_miou:.4f}, at most {bounds.miou_loss:g} less; pixels that they predict "
        f"differently: {parity.differing:.2%}{most} (always required)",
        default=True,
    )


def _on_runtime(one: Deployed, asked: Acceptance, names: Sequence[str]) -> Iterator[GateResult]:
    """Yield what is held on each runtime, of the variant to deploy there."""
    if asked.max_miou_drop != UNLIMITED:
        yield _miou_drop(one, asked.max_miou_drop)
    if asked.max_class_iou_drop is not None:
        bound = Bound("spec.acceptance.maxClassIouDrop", asked.max_class_iou_drop)
        yield _class_iou_drop(one, bound, names)
    if asked.max_boundary_iou_drop is not None:
        bound = Bound("spec.acceptance.maxBoundaryIouDrop", asked.max_boundary_iou_drop)
        yield _drop("boundary IoU", one, (one.baseline.boundary_iou, one.compressed.boundary_iou), bound)
    yield _classes_kept(one, names)
    if asked.max_size_ratio is not None:
        yield _size_ratio(one, Bound("spec.acceptance.maxSizeRatio", asked.max_size_ratio))
    if asked.min_speedup is not None and asked.min_speedup.runtime == one.runtime:
        yield _speedup(one, Bound("spec.acceptance.minSpeedup", asked.min_speedup.ratio, is_least=True))


def _drop(what: str, one: Deployed, pair: tuple[float, float], bound: Bound) -> GateResult:
    before, after = pair
    told = f"{what} on {one.name}: {after:.4f}, baseline {before:.4f}, lost {before - after:.4f}"
    return held(f"loss of {what} on {one.name}", before - after, bound, told)


def _miou_drop(one: Deployed, asked: str | None) -> GateResult:
    remark = "" if asked else f', the default; a larger value or "{UNLIMITED}" accepts more'
    bound = Bound(f"spec.acceptance.maxMiouDrop{remark}", asked or DEFAULT_MAX_MIOU_DROP)
    gate = _drop("mIoU", one, (one.baseline.miou, one.compressed.miou), bound)
    return replace(gate, default=asked is None)


def _class_iou_drop(one: Deployed, bound: Bound, names: Sequence[str]) -> GateResult:
    """Hold the class that lost most, and name others that lost too much."""
    pairs = list(zip(one.baseline.class_iou, one.compressed.class_iou, strict=True))
    order = sorted(range(len(pairs)), key=lambda index: pairs[index][1] - pairs[index][0])
    gate, *others = (
        _drop(f"IoU of {class_label(index, names)}", one, pairs[index], bound) for index in order
    )
    also = [
        class_label(index, names) for index, other in zip(order[1:], others, strict=True) if not other.passed
    ]
    return replace(gate, message=f"{gate.message}; also {listed(also)}") if also else gate


def _classes_kept(one: Deployed, names: Sequence[str]) -> GateResult:
    before, after = one.baseline.class_iou, one.compressed.class_iou
    lost = vanished(before, after)
    lost_ones = ", ".join(
        f"{class_label(index, names)} (IoU {before[index]:.4f} before, {after[index]:.4f} now)"
        for index in lost
    )
    kept = [
        rounded(new / old - KEPT_SHARE) for old, new in zip(before, after, strict=True) if old >= FOUND_IOU
    ]
    return GateResult(
        gate=f"classes on {one.name}",
        reason=Reason.ACCEPTANCE_NOT_MET,
        passed=not lost,
        asked="none may vanish",
        measured=f"{listed([class_label(index, names) for index in lost])} vanished" if lost else "all found",
        left=min(kept, default=1.0),
        message=f"classes that vanished on {one.name}: {lost_ones}; a class that the baseline finds may not "
        "vanish (always required)"
        if lost
        else f"every class that the baseline finds is still found on {one.name} (always required)",
        default=True,
    )


def _size_ratio(one: Deployed, bound: Bound) -> GateResult:
    before, after = one.baseline.size_bytes, one.compressed.size_bytes
    ratio = after / before
    told = f"size of what {one.name} loads: {after} bytes, baseline {before}, ratio {ratio:.4f}"
    gate = held(f"size on {one.name}", ratio, bound, told)
    return replace(gate, measured=f"{gate.measured} ({after} of {before} bytes)")


def _speedup(one: Deployed, bound: Bound) -> GateResult:
    ratio, interval = one.speedup.ratio, one.speedup.interval
    told = f"speed-up on {one.name}: {ratio:.4f}, lower end of its 95 % interval {interval.low:.4f}"
    gate = held(f"speed-up on {one.name}", interval.low, bound, told)
    return replace(gate, measured=f"{ratio:.4f} ({interval.low:.4f} to {interval.high:.4f})")

"""Which promises the compressed model must keep, and whether it does. Pure: figures in, verdicts out."""

from dataclasses import dataclass

from segcompress_api.act_settings import ActSettings
from segcompress_api.conditions import Reason
from segcompress_api.job import Acceptance

SPARSITY_TOLERANCE = 0.005
"""Sparsity that may be missing from the ratio asked for."""

EXPORT_TOLERANCE = 0.01
"""mIoU by which the ONNX file may differ from the saved model where no maxMiouDrop is set."""

_ROUNDING = 9
"""Decimal places at which two figures count as equal: a spec's decimals have no exact binary value."""


@dataclass(frozen=True)
class Measured:
    """What the gates look at; `sparsity` is None of a quantised model, `onnx_miou` without an export."""

    baseline_miou: float
    compressed_miou: float
    sparsity: float | None = None
    onnx_miou: float | None = None


@dataclass(frozen=True)
class GateResult:
    """One gate's verdict; `reason` is the run's where it is missed."""

    reason: Reason
    passed: bool
    message: str


def check_gates(measured: Measured, acceptance: Acceptance, settings: ActSettings) -> tuple[GateResult, ...]:
    """Return the verdict of every gate that applies; the first that is missed names the run's reason."""
    gates = (
        _requested_sparsity(measured, settings),
        _least_sparsity(measured, acceptance),
        _miou_drop(measured, acceptance),
        _export(measured, acceptance),
    )
    return tuple(gate for gate in gates if gate is not None)


def _requested_sparsity(measured: Measured, settings: ActSettings) -> GateResult | None:
    asked = settings.sparsity.ratio if settings.sparsity is not None else None
    if asked is None or measured.sparsity is None:
        return None
    return GateResult(
        Reason.SPARSITY_NOT_REACHED,
        _rounded(asked - measured.sparsity) <= SPARSITY_TOLERANCE,
        f"sparsity of the saved model's pruned layers: {measured.sparsity:.4f}, asked for: {asked:g} "
        f"(spec.strategy.UnstructurePrune.ratio), tolerance {SPARSITY_TOLERANCE}",
    )


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


def _miou_drop(measured: Measured, acceptance: Acceptance) -> GateResult | None:
    if acceptance.max_miou_drop is None:
        return None
    return _drop("mIoU", measured.compressed_miou, measured, acceptance.max_miou_drop)


def _export(measured: Measured, acceptance: Acceptance) -> GateResult | None:
    onnx = measured.onnx_miou
    if onnx is None:
        return None
    if acceptance.max_miou_drop is not None:
        gate = _drop("mIoU of the ONNX file", onnx, measured, acceptance.max_miou_drop)
        return GateResult(Reason.EXPORT_MISMATCH, gate.passed, gate.message)
    return GateResult(
        Reason.EXPORT_MISMATCH,
        _rounded(abs(measured.compressed_miou - onnx)) <= EXPORT_TOLERANCE,
        f"mIoU of the ONNX file: {onnx:.4f}, of the saved model: {measured.compressed_miou:.4f}, "
        f"tolerance {EXPORT_TOLERANCE}",
    )


def _drop(name: str, miou: float, measured: Measured, most: str) -> GateResult:
    drop = measured.baseline_miou - miou
    return GateResult(
        Reason.ACCEPTANCE_NOT_MET,
        _rounded(drop) <= float(most),
        f"{name}: {miou:.4f}, baseline {measured.baseline_miou:.4f}, lost {drop:.4f}, at most {most} "
        "(spec.acceptance.maxMiouDrop)",
    )


def _rounded(value: float) -> float:
    return round(value, _ROUNDING)

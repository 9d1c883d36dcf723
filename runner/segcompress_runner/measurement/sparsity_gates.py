"""Whether the saved model is as sparse as was asked, in the pattern that was asked. Pure."""

from collections.abc import Iterator

from segcompress_api.acceptance import Acceptance
from segcompress_api.act_settings import ActSettings
from segcompress_api.conditions import Reason
from segcompress_runner.measurement.bounds import Bound, held, listed, rounded
from segcompress_runner.measurement.judged import GateResult, Measured

SPARSITY_TOLERANCE = 0.005
"""Sparsity that may be missing from the ratio asked for."""


def sparsity_gates(measured: Measured, acceptance: Acceptance, settings: ActSettings) -> Iterator[GateResult]:
    """Yield the verdicts on the saved model's zeros: what the strategy asks for, then what the spec does."""
    yield from _requested_sparsity(measured, settings)
    yield from _requested_pattern(measured, settings)
    yield from _least_sparsity(measured, acceptance)


def _requested_sparsity(measured: Measured, settings: ActSettings) -> Iterator[GateResult]:
    target = settings.sparsity
    asked = target.ratio if target is not None else None
    if target is None or asked is None or measured.sparsity is None:
        return
    counted = "" if target.pattern == "1x1" else f" in whole {target.pattern} blocks"
    left = rounded(SPARSITY_TOLERANCE - rounded(asked - measured.sparsity)) / asked
    yield GateResult(
        gate=f"sparsity of the strategy{counted}",
        reason=Reason.SPARSITY_NOT_REACHED,
        passed=left >= 0,
        asked=f"{asked:g}, tolerance {SPARSITY_TOLERANCE}",
        measured=f"{measured.sparsity:.4f}",
        left=left,
        message=f"sparsity of the saved model's pruned layers{counted}: {measured.sparsity:.4f}, asked for: "
        f"{asked:g} (spec.strategy.UnstructurePrune.ratio), tolerance {SPARSITY_TOLERANCE}",
    )


def _requested_pattern(measured: Measured, settings: ActSettings) -> Iterator[GateResult]:
    target = settings.sparsity
    if target is None or target.pattern != "2:4" or measured.sparsity is None:
        return
    unfit = measured.unfit
    said = (
        f"layers of the saved model that keep more than two of four weights: {listed(unfit)}"
        if unfit
        else "every pruned layer of the saved model keeps at most two of four weights"
    )
    yield GateResult(
        gate="pattern 2:4",
        reason=Reason.SPARSITY_NOT_REACHED,
        passed=not unfit,
        asked="every pruned layer",
        measured=f"not in {listed(unfit)}" if unfit else "every pruned layer",
        left=-1.0 if unfit else 1.0,
        message=f"{said} (spec.strategy.ASPPrune)",
    )


def _least_sparsity(measured: Measured, acceptance: Acceptance) -> Iterator[GateResult]:
    if acceptance.min_sparsity is None:
        return
    bound = Bound("spec.acceptance.minSparsity", acceptance.min_sparsity, is_least=True)
    if measured.sparsity is not None:
        told = f"sparsity of the saved model's pruned layers: {measured.sparsity:.4f}"
        yield held("sparsity", measured.sparsity, bound, told)
        return
    yield GateResult(
        gate="sparsity",
        reason=Reason.ACCEPTANCE_NOT_MET,
        passed=False,
        asked=str(bound),
        measured="nothing is pruned",
        left=-1.0,
        message=f"{bound.field}: {bound.value} and the strategy prunes nothing; leave it out",
    )

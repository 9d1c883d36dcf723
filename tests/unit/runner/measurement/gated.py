"""Runtimes with figures of two models, and the gates that hold them."""

from dataclasses import replace
from typing import Any

from segcompress_api.acceptance import Acceptance
from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.conditions import Reason
from segcompress_api.strategy import Strategy
from segcompress_runner.measurement.bootstrap import Interval
from segcompress_runner.measurement.gates import check_gates
from segcompress_runner.measurement.judged import Bounds, Deployed, Figures, GateResult, Measured, Speedup

QUANT: dict[str, Any] = {"QuantAware": {}}
SPARSE = {"UnstructurePrune": {"prune_mode": "ratio", "ratio": 0.75}}
TWO_OF_FOUR: dict[str, Any] = {"ASPPrune": {}}
BOUNDS = Bounds(miou_loss=0.01, pixels=0.02)


PADDLE, ONNX = "PaddleInference", "ONNXRuntime"


def with_classes(before: tuple[float, ...], after: tuple[float, ...]) -> Measured:
    """Return a runtime on which models have these IoUs of classes."""
    first, second = (Figures(sum(iou) / len(iou), iou, 0.5, 1000) for iou in (before, after))
    return Measured((Deployed(PADDLE, "default", first, second, Speedup(1.0, Interval(0.9, 1.1))),))


def on(before: float, after: float, runtime: str = PADDLE) -> Deployed:
    """Return a runtime on which both models find every class alike."""
    (one,) = with_classes((before, before), (after, after)).deployed
    return replace(one, runtime=runtime)


def measured(before: float, after: float, sparsity: float | None = None) -> Measured:
    return Measured((on(before, after),), sparsity)


def results(sections: dict[str, Any], found: Measured, **acceptance: Any) -> tuple[GateResult, ...]:
    train = {"TrainConfig": {"epochs": 1, "eval_iter": 10, "learning_rate": 0.01}}
    settings = settings_of(Strategy.model_validate(sections | train), ModelFileNames("m", "p"))
    return check_gates(found, Acceptance(**acceptance), settings, ("ground", "person"))


def missed(sections: dict[str, Any], found: Measured, **acceptance: Any) -> list[Reason]:
    return [result.reason for result in results(sections, found, **acceptance) if not result.passed]


def only(found: Measured, **acceptance: Any) -> GateResult:
    """Return the verdict of the one gate that was asked for, the others are defaults."""
    gates = results(QUANT, found, max_miou_drop="Unlimited", **acceptance)
    (gate,) = (gate for gate in gates if not gate.default)
    return gate


def faster(ratio: float, low: float, high: float, runtime: str = ONNX) -> Measured:
    return Measured((replace(on(0.9, 0.9, runtime), speedup=Speedup(ratio, Interval(low, high))),))


def smaller(before: int, after: int) -> Measured:
    one = on(0.9, 0.9)
    first, second = replace(one.baseline, size_bytes=before), replace(one.compressed, size_bytes=after)
    return Measured((replace(one, baseline=first, compressed=second),))


def frayed(before: float, after: float) -> Measured:
    one = on(0.9, 0.9)
    first, second = replace(one.baseline, boundary_iou=before), replace(one.compressed, boundary_iou=after)
    return Measured((replace(one, baseline=first, compressed=second),))

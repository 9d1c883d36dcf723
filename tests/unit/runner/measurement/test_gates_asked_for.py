"""Gates of the acceptance: classes, boundaries, size and speed."""

from typing import Any

import pytest

from segcompress_api.conditions import Reason
from segcompress_runner.measurement.judged import Measured
from unit.runner.measurement.gated import (
    ONNX,
    PADDLE,
    QUANT,
    faster,
    frayed,
    on,
    only,
    results,
    smaller,
    with_classes,
)


@pytest.mark.parametrize(
    ("found", "acceptance", "passed"),
    [
        pytest.param(
            with_classes((0.9, 0.5), (0.9, 0.47)),
            {"max_class_iou_drop": "0.03"},
            True,
            id="class at the bound",
        ),
        pytest.param(
            with_classes((0.9, 0.5), (0.95, 0.4699)),
            {"max_class_iou_drop": "0.03"},
            False,
            id="class below it",
        ),
        pytest.param(
            with_classes((0.5, 0.0), (0.6, 0.0)), {"max_class_iou_drop": "0"}, True, id="classes that gain"
        ),
        pytest.param(frayed(0.6, 0.58), {"max_boundary_iou_drop": "0.02"}, True, id="boundary at the bound"),
        pytest.param(frayed(0.6, 0.5799), {"max_boundary_iou_drop": "0.02"}, False, id="boundary below it"),
        pytest.param(frayed(0.6, 0.7), {"max_boundary_iou_drop": "0"}, True, id="boundary that gains"),
        pytest.param(smaller(1000, 300), {"max_size_ratio": "0.3"}, True, id="size at the bound"),
        pytest.param(smaller(1000, 301), {"max_size_ratio": "0.3"}, False, id="size above it"),
        pytest.param(
            faster(1.4, 1.3, 1.5),
            {"min_speedup": {"runtime": ONNX, "ratio": "1.3"}},
            True,
            id="speed at the bound",
        ),
        pytest.param(
            faster(1.4, 1.2999, 1.5),
            {"min_speedup": {"runtime": ONNX, "ratio": "1.3"}},
            False,
            id="speed that is not sure",
        ),
    ],
)
def test_gates_that_a_user_sets(found: Measured, acceptance: dict[str, Any], *, passed: bool) -> None:
    gate = only(found, **acceptance)
    assert gate.reason is Reason.ACCEPTANCE_NOT_MET
    assert gate.passed == passed
    assert (gate.left >= 0) == passed


def test_the_class_that_lost_most_is_named_with_others_that_lost_too_much() -> None:
    found = with_classes((0.9, 0.5), (0.8, 0.3))
    gate = only(found, max_class_iou_drop="0.05")
    assert gate.message == (
        "IoU of person on PaddleInference (default): 0.3000, baseline 0.5000, lost 0.2000, at most 0.05 "
        "(spec.acceptance.maxClassIouDrop); also ground"
    )
    assert only(found, max_class_iou_drop="0.1").message.endswith("(spec.acceptance.maxClassIouDrop)")
    assert (gate.gate, gate.asked, gate.measured) == (
        "loss of IoU of person on PaddleInference (default)",
        "at most 0.05",
        "0.2000",
    )
    assert gate.left == pytest.approx(-3)


def test_boundary_gate_names_both_figures() -> None:
    assert only(frayed(0.6, 0.5), max_boundary_iou_drop="0.02").message == (
        "boundary IoU on PaddleInference (default): 0.5000, baseline 0.6000, lost 0.1000, at most 0.02 "
        "(spec.acceptance.maxBoundaryIouDrop)"
    )


def test_size_gate_names_the_bytes() -> None:
    gate = only(smaller(1000, 400), max_size_ratio="0.3")
    assert gate.message == (
        "size of what PaddleInference (default) loads: 400 bytes, baseline 1000, ratio 0.4000, at most 0.3 "
        "(spec.acceptance.maxSizeRatio)"
    )
    assert gate.measured == "0.4000 (400 of 1000 bytes)"


def test_speed_gate_names_the_interval() -> None:
    gate = only(faster(1.4, 1.25, 1.55), min_speedup={"runtime": ONNX, "ratio": "1.3"})
    assert gate.message == (
        "speed-up on ONNXRuntime (default): 1.4000, lower end of its 95 % interval 1.2500, at least 1.3 "
        "(spec.acceptance.minSpeedup)"
    )
    assert (gate.asked, gate.measured) == ("at least 1.3", "1.4000 (1.2500 to 1.5500)")
    assert gate.left == pytest.approx(-0.05 / 1.3)


def test_speed_is_held_on_the_runtime_that_was_named_alone() -> None:
    found = Measured((*faster(0.5, 0.4, 0.6, PADDLE).deployed, *faster(1.4, 1.3, 1.5).deployed))
    assert only(found, min_speedup={"runtime": ONNX, "ratio": "1.3"}).passed
    assert not only(found, min_speedup={"runtime": PADDLE, "ratio": "1.3"}).passed


def test_every_runtime_is_held_to_what_is_no_speed() -> None:
    asked = {"max_class_iou_drop": "0.01", "max_boundary_iou_drop": "0.01", "max_size_ratio": "0.9"}
    gates = results(QUANT, Measured((on(0.9, 0.9), on(0.9, 0.9, ONNX))), **asked)
    held = [gate.gate for gate in gates]
    for runtime in (PADDLE, ONNX):
        name = f"on {runtime} (default)"
        for what in ("loss of mIoU", "loss of IoU of ground", "loss of boundary IoU", "classes", "size"):
            assert f"{what} {name}" in held
    assert len(held) == 10


def test_a_gate_that_was_passed_narrowly_has_little_left() -> None:
    wide, narrow, missing = (only(smaller(1000, size), max_size_ratio="0.5").left for size in (100, 499, 750))
    assert (wide, narrow, missing) == pytest.approx((0.8, 0.002, -0.5))
    assert only(frayed(0.6, 0.6), max_boundary_iou_drop="0").left == 0
    (*_, kept) = results(QUANT, with_classes((0.9, 0.5), (0.9, 0.1)))
    assert kept.left == pytest.approx(0.1)
    (*_, kept) = results(QUANT, with_classes((0.04, 0.0), (0.9, 0.1)))
    assert (kept.left, kept.passed) == (1.0, True)

"""An exported file is held against the saved model."""

import pytest

from segcompress_api.conditions import Reason
from segcompress_runner.measurement.judged import Bounds, Measured, Parity
from segcompress_runner.outputs.artefacts import ARTEFACTS
from unit.runner.measurement.gated import BOUNDS, ONNX, QUANT, missed, on, results


@pytest.mark.parametrize(
    ("miou", "differing", "passed"),
    [
        pytest.param(0.90, 0.0, True, id="the-same"),
        pytest.param(0.89, 0.02, True, id="at-both-bounds"),
        pytest.param(0.8899, 0.001, False, id="lost-mIoU"),
        pytest.param(0.911, 0.01, True, id="better-and-alike"),
        pytest.param(0.911, 0.03, False, id="better-and-another-model"),
        pytest.param(0.90, 0.021, False, id="as-good-and-another-model"),
    ],
)
def test_an_export_is_held_against_the_saved_model(
    miou: float,
    differing: float,
    passed: bool,  # noqa: FBT001
) -> None:
    """The baseline, 0.95, has no say; neither has a drop that the user allows."""
    found = Measured((on(0.95, 0.95),), None, (Parity("ONNX", 0.90, miou, differing, BOUNDS),))
    for acceptance in ({}, {"max_miou_drop": "0.001"}, {"max_miou_drop": "Unlimited"}):
        (gate,) = (one for one in results(QUANT, found, **acceptance) if one.reason == Reason.EXPORT_MISMATCH)
        assert gate.passed == passed
        assert gate.default
        assert "of the saved model: 0.9000" in gate.message


@pytest.mark.parametrize(("miou", "passed"), [(0.89, True), (0.8899, False)])
def test_a_file_that_rounds_on_its_own_is_bounded_by_accuracy_alone(*, miou: float, passed: bool) -> None:
    bounds = ARTEFACTS["ONNX"].bounds["quantised"]
    found = Measured((on(0.95, 0.95),), None, (Parity("ONNX", 0.90, miou, 0.09, bounds),))
    (gate,) = (one for one in results(QUANT, found) if one.reason == Reason.EXPORT_MISMATCH)
    assert gate.passed == passed
    assert "pixels that they predict differently: 9.00% (always required)" in gate.message


def test_pixels_of_a_float_export_are_bounded() -> None:
    bounds = ARTEFACTS["ONNX"].bounds["float"]
    found = Measured((on(0.95, 0.95),), None, (Parity("ONNX", 0.90, 0.90, 0.0051, bounds),))
    (gate,) = (one for one in results(QUANT, found) if one.reason == Reason.EXPORT_MISMATCH)
    assert not gate.passed
    assert gate.message.endswith("differently: 0.51%, at most 0.5% (always required)")


def test_an_export_that_is_another_model_is_no_drop_of_accuracy() -> None:
    runtimes = (on(0.9, 0.9), on(0.9, 0.2, ONNX))
    found = Measured(runtimes, parities=(Parity("ONNX", 0.9, 0.2, 0.6, BOUNDS),))
    assert missed(QUANT, found)[0] is Reason.EXPORT_MISMATCH


def test_a_quantised_file_is_asked_for_accuracy_alone() -> None:
    found = Measured((on(0.9, 0.9),), None, (Parity("ONNX", 0.9, 0.895, 0.9, Bounds(0.01, None)),))
    parity, *_ = results(QUANT, found)
    assert parity.asked == "at most 0.01 less mIoU than the saved model"
    assert parity.left == pytest.approx(0.5)

"""Which figures pass the gates that hold without being asked for, and those of sparsity and mIoU."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcompress_api.acceptance import Acceptance
from segcompress_api.conditions import Reason
from segcompress_runner.measurement.gates import FOUND_IOU, default_gates, vanished
from segcompress_runner.measurement.judged import Measured, Parity
from unit.runner.measurement.gated import (
    BOUNDS,
    QUANT,
    SPARSE,
    TWO_OF_FOUR,
    measured,
    missed,
    on,
    results,
    with_classes,
)

THRESHOLD = {"UnstructurePrune": {"prune_mode": "threshold", "threshold": 0.01}}
IOU = st.floats(0, 1)


@pytest.mark.parametrize(
    ("sections", "found", "acceptance", "reasons"),
    [
        pytest.param(SPARSE, measured(0.9, 0.9, 0.745), {}, [], id="sparsity-at-the-tolerance"),
        pytest.param(
            SPARSE, measured(0.9, 0.9, 0.7449), {}, [Reason.SPARSITY_NOT_REACHED], id="sparsity-below"
        ),
        pytest.param(SPARSE, measured(0.9, 0.9, 0.99), {}, [], id="sparser-than-asked"),
        pytest.param(
            SPARSE | QUANT,
            measured(0.9, 0.8, 0.7449),
            {"min_sparsity": "0.745"},
            [Reason.SPARSITY_NOT_REACHED, Reason.ACCEPTANCE_NOT_MET, Reason.ACCEPTANCE_NOT_MET],
            id="pruned and quantised: the gates of both",
        ),
        pytest.param(THRESHOLD, measured(0.9, 0.9, 0.0), {}, [], id="threshold-asks-no-ratio"),
        pytest.param(QUANT, measured(0.9, 0.9), {}, [], id="quantised-has-no-sparsity"),
        pytest.param(TWO_OF_FOUR, measured(0.9, 0.9, 0.48), {}, [], id="a-pattern-asks-no-ratio"),
        pytest.param(
            TWO_OF_FOUR,
            replace(measured(0.9, 0.9, 0.5), unfit=("conv2d_1.w_0",)),
            {},
            [Reason.SPARSITY_NOT_REACHED],
            id="one-layer-out-of-its-pattern",
        ),
        pytest.param(SPARSE, measured(0.9, 0.9, 0.75), {"min_sparsity": "0.75"}, [], id="least-sparsity"),
        pytest.param(
            SPARSE,
            measured(0.9, 0.9, 0.7499),
            {"min_sparsity": "0.75"},
            [Reason.ACCEPTANCE_NOT_MET],
            id="least-sparsity-missed",
        ),
        pytest.param(
            QUANT,
            measured(0.9, 0.9),
            {"min_sparsity": "0.75"},
            [Reason.ACCEPTANCE_NOT_MET],
            id="least-sparsity-of-a-quantised-model",
        ),
        pytest.param(
            QUANT, measured(0.9287, 0.9187), {"max_miou_drop": "0.01"}, [], id="drop-equal-in-decimals"
        ),
        pytest.param(
            QUANT,
            measured(0.9287, 0.91869),
            {"max_miou_drop": "0.01"},
            [Reason.ACCEPTANCE_NOT_MET],
            id="drop-too-large",
        ),
        pytest.param(QUANT, measured(0.9, 0.95), {"max_miou_drop": "0"}, [], id="a-gain-is-no-drop"),
        pytest.param(QUANT, measured(0.9, 0.88), {}, [], id="drop-at-the-default"),
        pytest.param(
            QUANT, measured(0.9, 0.8799), {}, [Reason.ACCEPTANCE_NOT_MET], id="drop-above-the-default"
        ),
        pytest.param(QUANT, measured(0.9, 0.1), {"max_miou_drop": "Unlimited"}, [], id="any-drop-asked-for"),
        pytest.param(
            QUANT,
            Measured((on(0.9, 0.9), on(0.9, 0.85))),
            {"max_miou_drop": "0.02"},
            [Reason.ACCEPTANCE_NOT_MET],
            id="drop-on-the-second-runtime",
        ),
        pytest.param(
            SPARSE,
            Measured((on(0.9, 0.5),), 0.1, (Parity("ONNX", 0.5, 0.2, 0.3, BOUNDS),)),
            {"max_miou_drop": "0.01", "min_sparsity": "0.5"},
            [
                Reason.SPARSITY_NOT_REACHED,
                Reason.ACCEPTANCE_NOT_MET,
                Reason.EXPORT_MISMATCH,
                Reason.ACCEPTANCE_NOT_MET,
            ],
            id="all-missed-sparsity-first",
        ),
    ],
)
def test_gates(
    sections: dict[str, Any], found: Measured, acceptance: dict[str, str], reasons: list[Reason]
) -> None:
    assert missed(sections, found, **acceptance) == reasons
    assert all(result.message for result in results(sections, found, **acceptance))


def test_a_model_that_labels_everything_background_is_never_accepted() -> None:
    """The figures of a training that collapsed: IoU of the person 0.559 before and 0 after."""
    found = with_classes((0.96, 0.559), (0.9, 0.0))
    assert missed(QUANT, found) == [Reason.ACCEPTANCE_NOT_MET] * 2
    assert missed(QUANT, found, max_miou_drop="Unlimited") == [Reason.ACCEPTANCE_NOT_MET]
    (lost,) = (result for result in results(QUANT, found, max_miou_drop="1") if not result.passed)
    assert "person (IoU 0.5590 before, 0.0000 now)" in lost.message
    assert lost.default


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        pytest.param((0.9, 0.5), (0.9, 0.0), (1,), id="gone"),
        pytest.param((0.9, 0.5), (0.04, 0.049), (0, 1), id="both-gone-but-for-traces"),
        pytest.param((0.9, 0.5), (0.09, 0.05), (), id="a-tenth-is-left"),
        pytest.param((0.9, FOUND_IOU), (0.9, 0.0), (1,), id="just-found"),
        pytest.param((0.9, 0.0499), (0.9, 0.0), (), id="not-found-before"),
        pytest.param((0.9, 0.0), (0.9, 0.0), (), id="absent"),
    ],
)
def test_vanished_classes(before: tuple[float, ...], after: tuple[float, ...], lost: tuple[int, ...]) -> None:
    assert vanished(before, after) == lost


@given(st.lists(st.tuples(IOU, IOU), min_size=1))
def test_only_a_found_class_vanishes_and_only_by_losing_nearly_all(pairs: list[tuple[float, float]]) -> None:
    before, after = zip(*pairs, strict=True)
    assert vanished(before, before) == ()
    for index in vanished(before, after):
        assert before[index] >= FOUND_IOU
        assert after[index] < before[index] / 9
    assert set(vanished(before, [0.0] * len(pairs))) == {
        i for i, iou in enumerate(before) if iou >= FOUND_IOU
    }


def test_gates_that_nobody_asked_for_are_announced() -> None:
    assert default_gates(Acceptance()) == "mIoU may drop by at most 0.02, no class may vanish"
    assert default_gates(Acceptance(max_miou_drop="0.01")) == "no class may vanish"

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcompress_api.acceptance import Acceptance
from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.conditions import Reason
from segcompress_api.strategy import Strategy
from segcompress_runner.measurement.bootstrap import Interval
from segcompress_runner.measurement.gates import (
    FOUND_IOU,
    MESSAGE_LIMIT,
    check_gates,
    class_label,
    default_gates,
    vanished,
    why_not,
)
from segcompress_runner.measurement.judged import (
    Bounds,
    Deployed,
    Figures,
    GateResult,
    Measured,
    Parity,
    Speedup,
)
from segcompress_runner.outputs.artefacts import ARTEFACTS

QUANT: dict[str, Any] = {"QuantAware": {}}
SPARSE = {"UnstructurePrune": {"prune_mode": "ratio", "ratio": 0.75}}
TWO_OF_FOUR: dict[str, Any] = {"ASPPrune": {}}
THRESHOLD = {"UnstructurePrune": {"prune_mode": "threshold", "threshold": 0.01}}
IOU = st.floats(0, 1)
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


def test_messages_name_figures_and_fields() -> None:
    sparsity, drop, kept = results(SPARSE, measured(0.9, 0.8, 0.15), max_miou_drop="0.01")
    assert "0.1500" in sparsity.message
    assert "spec.strategy.UnstructurePrune.ratio" in sparsity.message
    assert "lost 0.1000, at most 0.01 (spec.acceptance.maxMiouDrop)" in drop.message
    assert not drop.default
    assert kept.default


def test_a_default_gate_says_so_and_how_to_loosen_it() -> None:
    drop, _ = results(QUANT, measured(0.9, 0.8))
    assert drop.default
    assert (
        'at most 0.02 (spec.acceptance.maxMiouDrop, the default; a larger value or "Unlimited"'
        in drop.message
    )


def test_each_class_that_vanished_is_named_once() -> None:
    *_, kept = results(QUANT, with_classes((0.9, 0.9), (0.0, 0.0)))
    assert kept.message == (
        "classes that vanished on PaddleInference (default): ground (IoU 0.9000 before, 0.0000 now), "
        "person (IoU 0.9000 before, 0.0000 now); a class that the baseline finds may not vanish "
        "(always required)"
    )
    *_, kept = results(QUANT, measured(0.9, 0.9))
    assert kept.message == (
        "every class that the baseline finds is still found on PaddleInference (default) (always required)"
    )
    assert (kept.asked, kept.measured) == ("none may vanish", "all found")


def test_sparsity_that_a_quantised_model_cannot_have_says_to_leave_it_out() -> None:
    gate, *_ = results(QUANT, measured(0.9, 0.9), min_sparsity="0.5")
    assert gate.passed is False
    assert gate.message == ("spec.acceptance.minSparsity: 0.5 and the strategy prunes nothing; leave it out")
    _, gate, *_ = results(SPARSE, measured(0.9, 0.9, 0.75), min_sparsity="0.5")
    assert gate.message.endswith("at least 0.5 (spec.acceptance.minSparsity)")


def test_a_class_without_a_name_is_called_by_its_number() -> None:
    assert class_label(1, ("ground", "person")) == "person"
    assert class_label(1, ()) == "class 1"


def test_gates_that_nobody_asked_for_are_announced() -> None:
    assert default_gates(Acceptance()) == "mIoU may drop by at most 0.02, no class may vanish"
    assert default_gates(Acceptance(max_miou_drop="0.01")) == "no class may vanish"


def test_the_pattern_s_gate_names_the_layers_that_miss_it() -> None:
    unfit = tuple(f"conv2d_{number}.w_0" for number in range(1, 6))

    (gate, *_) = results(TWO_OF_FOUR, replace(measured(0.9, 0.9, 0.5), unfit=unfit))

    assert gate.message == (
        "layers of the saved model that keep more than two of four weights: conv2d_1.w_0, conv2d_2.w_0, "
        "conv2d_3.w_0 and 2 more (spec.strategy.ASPPrune)"
    )
    assert (gate.asked, gate.measured) == (
        "every pruned layer",
        "not in conv2d_1.w_0, conv2d_2.w_0, conv2d_3.w_0 and 2 more",
    )
    (gate, *_) = results(TWO_OF_FOUR, measured(0.9, 0.9, 0.5))
    assert (gate.gate, gate.measured, gate.passed) == ("pattern 2:4", "every pruned layer", True)
    assert (gate.left, gate.reason) == (1, Reason.SPARSITY_NOT_REACHED)
    assert gate.message == (
        "every pruned layer of the saved model keeps at most two of four weights (spec.strategy.ASPPrune)"
    )


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


def test_what_was_asked_and_measured_is_told_of_every_gate() -> None:
    found = Measured((on(0.9, 0.9),), 0.7, (Parity("ONNX", 0.9, 0.89, 0.015, BOUNDS),))
    sparsity, least, parity, drop, _ = results(SPARSE, found, min_sparsity="0.5")
    told = [(gate.gate, gate.asked, gate.measured) for gate in (sparsity, least, parity, drop)]
    assert told == [
        ("sparsity of the strategy", "0.75, tolerance 0.005", "0.7000"),
        ("sparsity", "at least 0.5", "0.7000"),
        (
            "ONNX file",
            "at most 0.01 less mIoU than the saved model, at most 2.0% other pixels",
            "mIoU 0.8900, saved model 0.9000, 1.50% other pixels",
        ),
        ("loss of mIoU on PaddleInference (default)", "at most 0.02", "0.0000"),
    ]
    assert sparsity.left == pytest.approx(-0.06)
    assert least.left == pytest.approx(0.4)
    assert parity.left == 0
    assert drop.left == 1
    nothing, *_ = results(QUANT, measured(0.9, 0.9), min_sparsity="0.5")
    assert (nothing.gate, nothing.asked, nothing.measured) == (
        "sparsity",
        "at least 0.5",
        "nothing is pruned",
    )
    assert (nothing.left, nothing.reason) == (-1, Reason.ACCEPTANCE_NOT_MET)
    assert least.message == (
        "sparsity of the saved model's pruned layers: 0.7000, at least 0.5 (spec.acceptance.minSparsity)"
    )


def test_a_quantised_file_is_asked_for_accuracy_alone() -> None:
    found = Measured((on(0.9, 0.9),), None, (Parity("ONNX", 0.9, 0.895, 0.9, Bounds(0.01, None)),))
    parity, *_ = results(QUANT, found)
    assert parity.asked == "at most 0.01 less mIoU than the saved model"
    assert parity.left == pytest.approx(0.5)


def gates_of(count: int, words: str) -> list[GateResult]:
    return [
        GateResult(f"gate {n}", Reason.ACCEPTANCE_NOT_MET, False, "at most 1", "2", -1.0, f"{words} {n}")  # noqa: FBT003
        for n in range(count)
    ]


def test_message_holds_every_sentence_where_there_is_room() -> None:
    assert why_not(gates_of(2, "a sentence")) == "a sentence 0; a sentence 1"
    assert why_not(gates_of(1, "x" * (MESSAGE_LIMIT - 2))) == "x" * (MESSAGE_LIMIT - 2) + " 0"


def test_message_names_every_gate_in_short_where_sentences_are_too_long() -> None:
    said = why_not(gates_of(20, "a sentence of many words " * 4))
    assert said.startswith("gate 0: 2, at most 1; gate 1: 2, at most 1; ")
    assert said.endswith("gate 19: 2, at most 1")
    cut = why_not(gates_of(99, "a sentence of many words " * 4))
    assert len(cut) == MESSAGE_LIMIT
    assert cut.endswith("…")


def test_long_lists_of_classes_are_counted() -> None:
    settings = settings_of(
        Strategy.model_validate(QUANT | {"TrainConfig": {"epochs": 1, "learning_rate": 0.01}}),
        ModelFileNames("m", "p"),
    )
    found = with_classes((0.9,) * 9, (0.0,) * 9)
    gates = check_gates(found, Acceptance(max_class_iou_drop="0.1"), settings)
    (lost,) = (gate for gate in gates if "maxClassIouDrop" in gate.message)
    assert lost.message.endswith("; also class 1, class 2, class 3 and 5 more")
    assert gates[-1].measured == "class 0, class 1, class 2 and 6 more vanished"

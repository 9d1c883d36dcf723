"""What gates say: figures, fields and what is left."""

from dataclasses import replace

import pytest

from segcompress_api.acceptance import Acceptance
from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.conditions import Reason
from segcompress_api.strategy import Strategy
from segcompress_runner.measurement.gates import MESSAGE_LIMIT, check_gates, class_label, why_not
from segcompress_runner.measurement.judged import GateResult, Measured, Parity
from unit.runner.measurement.gated import (
    BOUNDS,
    QUANT,
    SPARSE,
    TWO_OF_FOUR,
    measured,
    on,
    results,
    with_classes,
)


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

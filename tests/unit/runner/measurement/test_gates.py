from typing import Any

import pytest

from segcompress_api.act_settings import ModelFiles, settings_of
from segcompress_api.conditions import Reason
from segcompress_api.job import Acceptance
from segcompress_api.strategy import Strategy
from segcompress_runner.measurement.gates import Measured, check_gates

QUANT: dict[str, Any] = {"QuantAware": {}}
SPARSE = {"UnstructurePrune": {"prune_mode": "ratio", "ratio": 0.75}}
THRESHOLD = {"UnstructurePrune": {"prune_mode": "threshold", "threshold": 0.01}}


def missed(sections: dict[str, Any], measured: Measured, **acceptance: str) -> list[Reason]:
    train = {"TrainConfig": {"epochs": 1, "eval_iter": 10, "learning_rate": 0.01}}
    settings = settings_of(Strategy.model_validate(sections | train), ModelFiles("m", "p"))
    results = check_gates(measured, Acceptance(**acceptance), settings)
    assert all(result.message for result in results)
    return [result.reason for result in results if not result.passed]


@pytest.mark.parametrize(
    ("sections", "measured", "acceptance", "reasons"),
    [
        pytest.param(SPARSE, Measured(0.9, 0.1, 0.75), {}, [], id="no-gate-no-miss"),
        pytest.param(SPARSE, Measured(0.9, 0.9, 0.745), {}, [], id="sparsity-at-the-tolerance"),
        pytest.param(
            SPARSE, Measured(0.9, 0.9, 0.7449), {}, [Reason.SPARSITY_NOT_REACHED], id="sparsity-below"
        ),
        pytest.param(SPARSE, Measured(0.9, 0.9, 0.99), {}, [], id="sparser-than-asked"),
        pytest.param(THRESHOLD, Measured(0.9, 0.9, 0.0), {}, [], id="threshold-asks-no-ratio"),
        pytest.param(QUANT, Measured(0.9, 0.9), {}, [], id="quantised-has-no-sparsity"),
        pytest.param(SPARSE, Measured(0.9, 0.9, 0.75), {"min_sparsity": "0.75"}, [], id="least-sparsity"),
        pytest.param(
            SPARSE,
            Measured(0.9, 0.9, 0.7499),
            {"min_sparsity": "0.75"},
            [Reason.ACCEPTANCE_NOT_MET],
            id="least-sparsity-missed",
        ),
        pytest.param(
            QUANT,
            Measured(0.9, 0.9),
            {"min_sparsity": "0.75"},
            [Reason.ACCEPTANCE_NOT_MET],
            id="least-sparsity-of-a-quantised-model",
        ),
        pytest.param(
            QUANT, Measured(0.9287, 0.9187), {"max_miou_drop": "0.01"}, [], id="drop-equal-in-decimals"
        ),
        pytest.param(
            QUANT,
            Measured(0.9287, 0.91869),
            {"max_miou_drop": "0.01"},
            [Reason.ACCEPTANCE_NOT_MET],
            id="drop-too-large",
        ),
        pytest.param(QUANT, Measured(0.9, 0.95), {"max_miou_drop": "0"}, [], id="a-gain-is-no-drop"),
        pytest.param(QUANT, Measured(0.9, 0.9, None, 0.89), {}, [], id="export-at-the-tolerance"),
        pytest.param(
            QUANT, Measured(0.9, 0.9, None, 0.8899), {}, [Reason.EXPORT_MISMATCH], id="export-worse"
        ),
        pytest.param(
            QUANT, Measured(0.9, 0.9, None, 0.9101), {}, [Reason.EXPORT_MISMATCH], id="export-better"
        ),
        pytest.param(
            QUANT,
            Measured(0.9, 0.89, None, 0.88),
            {"max_miou_drop": "0.02"},
            [],
            id="export-against-the-baseline",
        ),
        pytest.param(
            QUANT,
            Measured(0.951, 0.95, None, 0.891),
            {"max_miou_drop": "0.01"},
            [Reason.EXPORT_MISMATCH],
            id="export-misses-the-drop",
        ),
        pytest.param(
            SPARSE,
            Measured(0.9, 0.5, 0.1, 0.2),
            {"max_miou_drop": "0.01", "min_sparsity": "0.5"},
            [
                Reason.SPARSITY_NOT_REACHED,
                Reason.ACCEPTANCE_NOT_MET,
                Reason.ACCEPTANCE_NOT_MET,
                Reason.EXPORT_MISMATCH,
            ],
            id="all-missed-sparsity-first",
        ),
    ],
)
def test_gates(
    sections: dict[str, Any], measured: Measured, acceptance: dict[str, str], reasons: list[Reason]
) -> None:
    assert missed(sections, measured, **acceptance) == reasons


def test_messages_name_figures_and_fields() -> None:
    settings = settings_of(
        Strategy.model_validate(
            SPARSE | {"TrainConfig": {"epochs": 1, "eval_iter": 10, "learning_rate": 0.01}}
        ),
        ModelFiles("m", "p"),
    )
    results = check_gates(Measured(0.9, 0.8, 0.15), Acceptance(max_miou_drop="0.01"), settings)
    assert "0.1500" in results[0].message
    assert "spec.strategy.UnstructurePrune.ratio" in results[0].message
    assert "lost 0.1000, at most 0.01 (spec.acceptance.maxMiouDrop)" in results[1].message

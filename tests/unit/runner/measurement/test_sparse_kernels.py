"""A warning where zeros cannot make a model faster."""

from typing import Any

import pytest

from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.benchmark import RuntimeName
from segcompress_api.strategy import Strategy
from segcompress_runner.measurement.runtimes.sparse import sparsity_warning

TRAIN = {"TrainConfig": {"epochs": 1, "learning_rate": 0.01}}
SPARSE = {"ratio": 0.75, "prune_params_type": "conv1x1_only"}
INT8 = {"QuantAware": {"quantize_op_types": ["conv2d"]}}


def warning(strategy: dict[str, Any], *runtimes: RuntimeName) -> tuple[str, str] | None:
    sections = Strategy.model_validate(strategy | TRAIN, by_name=False)
    return sparsity_warning(settings_of(sections, ModelFileNames("m.pdmodel", "m.pdiparams")), runtimes)


@pytest.mark.parametrize(
    ("strategy", "runtimes"),
    [
        pytest.param({"UnstructurePrune": SPARSE}, ["MNN"], id="enough zeros where kernels skip them"),
        pytest.param({"UnstructurePrune": SPARSE}, ["PaddleInference", "MNN"], id="there among others"),
        pytest.param(
            {"UnstructurePrune": SPARSE | {"ratio": 0.5, "sparse_block": [4, 1]}},
            ["MNN"],
            id="fewer in blocks",
        ),
        pytest.param(
            {"UnstructurePrune": {"prune_mode": "threshold", "threshold": 0.01}},
            ["MNN"],
            id="no share promised",
        ),
        pytest.param(
            {
                "UnstructurePrune": SPARSE
                | {"ratio": 0.5, "local_sparsity": True, "layer_ratios": {"conv2d_7.w_0": 0.9}}
            },
            ["MNN"],
            id="enough in a layer with a ratio of its own",
        ),
        pytest.param(INT8, ["PaddleInference"], id="no zeros"),
        pytest.param({"ChannelPrune": {"pruned_ratio": 0.5}}, ["PaddleInference"], id="fewer channels"),
    ],
)
def test_zeros_that_may_pay_need_no_warning(strategy: dict[str, Any], runtimes: list[RuntimeName]) -> None:
    assert warning(strategy, *runtimes) is None


@pytest.mark.parametrize(
    ("strategy", "runtimes", "field", "words"),
    [
        pytest.param(
            {"UnstructurePrune": SPARSE},
            ["PaddleInference", "OpenVINO"],
            "spec.benchmark.runtimes",
            "no sparse kernels on PaddleInference, OpenVINO: zeros make the model no faster there; add MNN",
            id="runtimes without kernels",
        ),
        pytest.param(
            {"UnstructurePrune": SPARSE | {"ratio": 0.6}},
            ["MNN"],
            "spec.strategy.UnstructurePrune.ratio",
            "is 0.6, and MNN's sparse kernels take layers with more than 60% zeros",
            id="too few",
        ),
        pytest.param(
            {"UnstructurePrune": SPARSE} | INT8,
            ["OpenVINO"],
            "spec.strategy.UnstructurePrune",
            "no runtime here has sparse kernels for int8",
            id="int8",
        ),
        pytest.param(
            {"ASPPrune": {}},
            ["MNN"],
            "spec.strategy.ASPPrune",
            "no runtime here has kernels for 2:4",
            id="2:4",
        ),
    ],
)
def test_zeros_that_cannot_pay_are_told_by_field(
    strategy: dict[str, Any], runtimes: list[RuntimeName], field: str, words: str
) -> None:
    found = warning(strategy, *runtimes)
    assert found is not None
    assert found[0] == field
    assert found[1].startswith(words)

"""Networks of PaddleSeg, checked against recipes before any training."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from integration.runner import exported
from integration.runner.compression.conftest import Lab
from integration.runner.compression.strategies import quantised, sparse, train_config
from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.strategy import Strategy
from segcompress_runner.compression.checks import check_training
from segcompress_runner.compression.training import compress
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles, inspect_model

Export = Callable[[str, int], ModelFiles]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Export a network for a batch (0: any) of 64 x 64 pictures."""

    @cache
    def export(network: str, batch: int) -> ModelFiles:
        folder = tmp_path_factory.mktemp(network)
        exported.main(network, folder, batch, 64, 64)
        return ModelFiles(folder / "model.pdmodel", folder / "model.pdiparams")

    return export


@pytest.fixture(scope="module")
def lite(export: Export) -> ModelFiles:
    return export("PPHumanSegLite", 0)


def check(files: ModelFiles, strategy: dict[str, Any], *nodes: str, batch_size: int = 4) -> None:
    sections = strategy | {"Distillation": {"node": list(nodes)}}
    settings = settings_of(
        Strategy.model_validate(sections), ModelFileNames("model.pdmodel", "model.pdiparams")
    )
    check_training(files, inspect_model(files), settings, 8, batch_size)


@pytest.mark.parametrize("strategy", [sparse(), quantised()], ids=["sparse", "quantised"])
@pytest.mark.parametrize(
    "node", [("relu_30.tmp_0",), ("batch_norm_47.tmp_2",), ()], ids=["ours", "ACT", "none"]
)
def test_recipes_that_distil_the_last_layer_are_taken(
    lite: ModelFiles, strategy: dict[str, Any], node: tuple[str, ...]
) -> None:
    check(lite, strategy, *node)


@pytest.mark.parametrize("strategy", [sparse(), quantised()], ids=["sparse", "quantised"])
def test_layers_behind_the_node_are_refused_and_the_remedy_is_taken(
    lite: ModelFiles, strategy: dict[str, Any]
) -> None:
    with pytest.raises(InvalidSettingError) as error:
        check(lite, strategy, "relu_20.tmp_0")
    said = str(error.value)
    assert "layers lie behind relu_20.tmp_0 and would be compressed without being trained" in said
    remedy = said.partition("; add ")[2].partition(" to it")[0].split(", ")
    check(lite, strategy, "relu_20.tmp_0", *remedy)


@pytest.mark.parametrize("network", ["OCRHead", pytest.param("OCRNet", marks=pytest.mark.large)])
def test_attention_that_was_exported_for_one_picture_takes_batches(export: Export, network: str) -> None:
    check(export(network, 1), sparse(), batch_size=4)


def test_a_graph_with_the_batch_built_in_is_refused_with_its_own(export: Export) -> None:
    files = export("Bound", 1)
    with pytest.raises(InvalidSettingError) as error:
        check(files, sparse(), batch_size=4)
    assert str(error.value) == (
        "spec.dataset.batchSize: the model was exported for batches of 1 and cannot take 4: operator "
        "reshape2 has the batch built in; set batchSize: 1, or export the model with a free batch (None)"
    )
    check(files, sparse(), batch_size=1)


@pytest.mark.parametrize("strategy", [sparse(), quantised()], ids=["sparse", "quantised"])
@pytest.mark.parametrize("network", ["SegHead", pytest.param("BiSeNetV2", marks=pytest.mark.large)])
def test_network_exported_for_one_picture_trains_in_batches(
    lab: Lab, export: Export, network: str, tmp_path: Path, strategy: dict[str, Any]
) -> None:
    """Its graph has a fixed batch, and a dropout that lost its mask in the export."""
    files = export(network, 1)
    sections = strategy | {"Distillation": {}, "TrainConfig": train_config(2, eval_iter=2)}
    settings = settings_of(
        Strategy.model_validate(sections), ModelFileNames("model.pdmodel", "model.pdiparams")
    )
    training = replace(
        lab.training(sparse()), model=files, info=inspect_model(files), settings=settings, batch_size=2
    )
    done = compress(training, tmp_path)
    assert done.iterations == 2
    assert inspect_model(done.files).input_shape == (1, 3, 64, 64)

"""Every block in docs/strategies.md is one that a job may have."""

from typing import Any

import pytest
import yaml

from documents import Block, blocks_of
from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.presets import Facts, preset_strategy
from segcompress_api.strategy import Strategy

BLOCKS = [block for block in blocks_of("docs/strategies.md") if block.language == "yaml"]
TRAIN = {"TrainConfig": {"epochs": 1, "learning_rate": 0.01}}


def sections(block: Block) -> dict[str, Any]:
    return dict(yaml.safe_load(block.text))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: "+".join(sections(block)))
def test_a_block_is_taken(block: Block) -> None:
    trains = {} if {*sections(block)} in ({"QuantPost"}, {"preset"}) else TRAIN
    strategy = Strategy.model_validate(sections(block) | trains, by_name=False)
    if strategy.preset is not None:
        strategy = preset_strategy(strategy.preset, Facts(10**6, 50, 0.9, frozenset({"conv2d"}), 1000, 8))

    assert settings_of(strategy, ModelFileNames("model.pdmodel", "model.pdiparams")).notes == ()


def test_there_is_one_for_each_section() -> None:
    others = {"Quantization", "configUri", "Global", "Distillation", "TrainConfig"}

    assert {name for block in BLOCKS for name in sections(block)} == {
        info.alias or name for name, info in Strategy.model_fields.items()
    } - others

"""The two ACT files that the project starts from, in both spellings, and how tests read them."""

from typing import Any

import yaml

from segcompress_api.act_settings import ActSettings, ModelFileNames, parse_act_file, settings_of
from segcompress_api.errors import InvalidSpecError

FILES = ModelFileNames(model="model.pdmodel", params="model.pdiparams")
FIELD = "spec.strategy"

OLD_DISTILLATION = """
Distillation:
  distill_lambda: 1.0
  distill_loss: l2_loss
  distill_node_pair:
  - teacher_relu_30.tmp_0
  - relu_30.tmp_0
  merge_feed: true
  teacher_model_dir: ./infermodel
  teacher_model_filename: model.pdmodel
  teacher_params_filename: model.pdiparams
"""

OLD_PRUNE = """
UnstructurePrune:
  prune_strategy: gmp
  prune_mode: ratio
  pruned_ratio: 0.75
  gmp_config:
    stable_iterations: 0
    pruning_iterations: 4500
    tunning_iterations: 4500
    resume_iteration: -1
    pruning_steps: 100
    initial_ratio: 0.15
  prune_params_type: conv1x1_only
  local_sparsity: True
"""

OLD_TRAIN = """
TrainConfig:
  epochs: 14
  eval_iter: 400
  learning_rate: 5.0e-03
  optimizer: SGD
  optim_args:
    weight_decay: 0.0005
"""

OLD_QUANT = """
Quantization:
  activation_bits: 8
  weight_bits: 8
  is_full_quantize: false
  not_quant_pattern:
  - skip_quant
  quantize_op_types:
  - conv2d
  - depthwise_conv2d
"""

DISTILLATION = """
Distillation:
  alpha: 1.0
  loss: l2
  node:
  - relu_30.tmp_0
"""

PRUNE = OLD_PRUNE.replace("pruned_ratio", "ratio")

TRAIN = """
TrainConfig:
  epochs: 14
  eval_iter: 400
  learning_rate: 0.005
  optimizer_builder:
    optimizer:
      type: SGD
    weight_decay: 0.0005
"""

QUANT = OLD_QUANT.replace("Quantization", "QuantAware")

OLD_SPARSE_FILE = OLD_DISTILLATION + OLD_PRUNE + OLD_TRAIN
OLD_QUANT_FILE = OLD_DISTILLATION + OLD_QUANT + OLD_TRAIN
SPARSE_FILE = DISTILLATION + PRUNE + TRAIN
QUANT_FILE = DISTILLATION + QUANT + TRAIN


def loaded(text: str) -> dict[str, Any]:
    """Return the mapping in an ACT file."""
    content = yaml.safe_load(text)
    assert isinstance(content, dict)
    return content


def settings(text: str) -> ActSettings:
    """Return what an ACT file means."""
    return settings_of(parse_act_file(loaded(text), FIELD), FILES)


def complaint(text: str) -> str:
    """Return the one sentence on a wrong ACT file; fails where the file is taken."""
    try:
        settings(text)
    except InvalidSpecError as error:
        return str(error)
    raise AssertionError(f"taken as right: {text}")

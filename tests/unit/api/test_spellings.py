"""Old and current spelling are one language: same meaning alone, refused together."""

import pytest

from segcompress_api.act_settings import PruneSettings, QuantSettings, SparsityTarget
from unit.api.act_files import (
    DISTILLATION,
    OLD_DISTILLATION,
    OLD_PRUNE,
    OLD_QUANT,
    OLD_QUANT_FILE,
    OLD_SPARSE_FILE,
    OLD_TRAIN,
    PRUNE,
    QUANT,
    QUANT_FILE,
    SPARSE_FILE,
    TRAIN,
    complaint,
    settings,
)


@pytest.mark.parametrize(
    ("old", "current"),
    [
        pytest.param(OLD_SPARSE_FILE, SPARSE_FILE, id="sparse file"),
        pytest.param(OLD_QUANT_FILE, QUANT_FILE, id="quantised file"),
        pytest.param(DISTILLATION + OLD_PRUNE + TRAIN, SPARSE_FILE, id="only the pruning in old spelling"),
        pytest.param(DISTILLATION + PRUNE + OLD_TRAIN, SPARSE_FILE, id="only the training in old spelling"),
        pytest.param(DISTILLATION + OLD_QUANT + TRAIN, QUANT_FILE, id="only the section's name old"),
    ],
)
def test_old_spelling_means_the_same_as_the_current_one(old: str, current: str) -> None:
    assert settings(old).distillation == settings(current).distillation
    assert settings(old).steps == settings(current).steps
    assert settings(old).train == settings(current).train


def test_sparse_file_means_what_it_says() -> None:
    read = settings(OLD_SPARSE_FILE)

    assert read.distillation.groups == (("relu_30.tmp_0",),)
    assert read.distillation.losses == ("l2",)
    assert read.distillation.alphas == (1.0,)
    (step,) = read.steps
    assert isinstance(step, PruneSettings)
    assert (step.mode, step.ratio) == ("ratio", 0.75)
    assert (step.only_1x1, step.local) == (True, True)
    assert step.ramp_iterations == 4500
    assert (read.quantises, read.sparsity) == (False, SparsityTarget(0.75, only_1x1=True))
    assert (read.training.epochs, read.training.iterations, read.training.eval_every) == (14, None, 400)
    assert read.training.learning_rate == 0.005
    assert read.training.optimizer == {"optimizer": {"type": "SGD"}, "weight_decay": 0.0005}


def test_quantised_file_means_what_it_says() -> None:
    whole = settings(OLD_QUANT_FILE)
    (step,) = whole.steps

    assert isinstance(step, QuantSettings)
    assert (whole.quantises, whole.sparsity) == (True, None)
    read = step.quant_aware
    assert (read.weight_bits, read.activation_bits) == (8, 8)
    assert read.quantize_op_types == ("conv2d", "depthwise_conv2d")
    assert read.not_quant_pattern == ("skip_quant",)
    assert read.is_full_quantize is False


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            OLD_DISTILLATION + "  alpha: 2.0\n" + OLD_PRUNE + OLD_TRAIN,
            "spec.strategy.Distillation: distill_lambda is the old name of alpha: give one of them",
            id="alpha",
        ),
        pytest.param(
            OLD_DISTILLATION + "  loss: l2\n" + OLD_PRUNE + OLD_TRAIN,
            "spec.strategy.Distillation: distill_loss is the old name of loss: give one of them",
            id="loss",
        ),
        pytest.param(
            OLD_DISTILLATION + "  node: [relu_30.tmp_0]\n" + OLD_PRUNE + OLD_TRAIN,
            "spec.strategy.Distillation: distill_node_pair is the old name of node: give one of them",
            id="node",
        ),
        pytest.param(
            OLD_PRUNE + "  ratio: 0.75\n" + OLD_TRAIN,
            "spec.strategy.UnstructurePrune: pruned_ratio is the old name of ratio: give one of them",
            id="ratio, even where both agree",
        ),
        pytest.param(
            PRUNE + TRAIN + "  optimizer: SGD\n",
            "spec.strategy.TrainConfig: optimizer is the old name of optimizer_builder: give one of them",
            id="optimizer",
        ),
        pytest.param(
            PRUNE + TRAIN + "  optim_args: {weight_decay: 0.0005}\n",
            "spec.strategy.TrainConfig: optim_args is the old name of optimizer_builder: give one of them",
            id="optim_args",
        ),
        pytest.param(
            OLD_QUANT + QUANT + TRAIN,
            "spec.strategy.Quantization: is the old name of QuantAware; give one of them",
            id="Quantization",
        ),
    ],
)
def test_both_spellings_at_once_are_refused(text: str, sentence: str) -> None:
    assert complaint(text) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            TRAIN,
            "spec.strategy: names no compression; such as UnstructurePrune or QuantAware",
            id="no compression",
        ),
        pytest.param(
            PRUNE + "ASPPrune: {}\n" + TRAIN,
            "spec.strategy.UnstructurePrune: cannot be combined with ASPPrune in one run; give one of them",
            id="two prunings",
        ),
        pytest.param(PRUNE, "spec.strategy.TrainConfig: is required and missing", id="no training"),
        pytest.param(
            "configUri: s3://models/act.yaml\n" + PRUNE + TRAIN,
            "spec.strategy.configUri: a file named by configUri names no other",
            id="a file that names a file",
        ),
    ],
)
def test_a_file_is_compression_and_its_training(text: str, sentence: str) -> None:
    assert complaint(text) == sentence


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        pytest.param(SPARSE_FILE, (), id="current spelling has nothing without effect"),
        pytest.param("Global: {batch_size: 4}\n" + SPARSE_FILE, ("Global",), id="Global"),
        pytest.param("Global: {}\n" + SPARSE_FILE, ("Global",), id="empty Global"),
        pytest.param(
            OLD_SPARSE_FILE,
            ("Distillation.merge_feed", "Distillation.teacher_model_dir"),
            id="old teacher keys",
        ),
        pytest.param(
            SPARSE_FILE + "  origin_metric: 0.7\n", ("TrainConfig.origin_metric",), id="origin_metric"
        ),
    ],
)
def test_settings_without_effect_are_noted_by_their_path(text: str, notes: tuple[str, ...]) -> None:
    found = settings(text).notes

    assert len(found) == len(notes)
    for note, name in zip(found, notes, strict=True):
        assert note.startswith(f"spec.strategy.{name} has no effect: ")

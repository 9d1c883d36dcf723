"""Post-training quantisation: what it takes, and what it refuses since nothing would come of it."""

import pytest

from segcompress_api.act_settings import PruneSettings, QuantPostSettings
from segcompress_api.job import JobSpec
from unit.api.act_files import DISTILLATION, PRUNE, QUANT, TRAIN, complaint, settings
from unit.api.jobs import changed, job

PATH = "spec.strategy"
POST = "QuantPost: {quantize_op_types: [conv2d, depthwise_conv2d]}\n"


def test_it_needs_no_training() -> None:
    read = settings(POST)

    assert (read.train, read.quantises, read.sparsity) == (None, True, None)
    assert read.trainings == (read,)


def test_after_pruning_only_the_pruning_trains() -> None:
    first, second = settings(PRUNE + POST + DISTILLATION + TRAIN).trainings

    assert [type(step) for step in (*first.steps, *second.steps)] == [PruneSettings, QuantPostSettings]
    assert first.train is not None
    assert second.train is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            POST + TRAIN,
            f"{PATH}.TrainConfig: has no effect: QuantPost alone trains nothing; leave it out",
            id="a training",
        ),
        pytest.param(
            POST + DISTILLATION,
            f"{PATH}.Distillation: has no effect: QuantPost alone trains nothing; leave it out",
            id="a distillation",
        ),
        pytest.param(
            POST + QUANT + TRAIN,
            f"{PATH}.QuantPost: cannot be combined with QuantAware in one run; give one of them",
            id="two quantisations",
        ),
        pytest.param(PRUNE + POST, f"{PATH}.TrainConfig: is required and missing", id="pruning trains"),
    ],
)
def test_what_has_no_effect_is_refused(text: str, sentence: str) -> None:
    assert complaint(text) == sentence


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("recon_level: layer-wise", id="reconstruction"),
        pytest.param("lr: 0.1", id="a rate of the reconstruction"),
        pytest.param("bias_correction: true", id="what upstream ignores"),
        pytest.param("onnx_format: false", id="another graph"),
        pytest.param("algo: min_max", id="an algorithm that quantises nothing"),
        pytest.param("hist_percent: 0.9, algo: KL", id="a share of another algorithm"),
        pytest.param("batch_nums: 0", id="no picture"),
        pytest.param("hist_percent: 1.1", id="more than all"),
    ],
)
def test_keys_that_do_nothing_are_refused_by_their_path(key: str) -> None:
    assert complaint(f"QuantPost: {{{key}}}").startswith(f"{PATH}.QuantPost.{key.partition(':')[0]}: ")


@pytest.mark.parametrize(
    ("keys", "pictures"),
    [("", 200), ("batch_nums: 3", 96), ("batch_size: 8, batch_nums: 3", 24), ("batch_nums: 9", 200)],
)
def test_pictures_are_counted_in_batches(keys: str, pictures: int) -> None:
    (step,) = settings(f"QuantPost: {{{keys}}}").steps

    assert isinstance(step, QuantPostSettings)
    assert step.pictures(200) == pictures


def test_the_type_of_an_activation_s_scale_has_no_effect_and_is_noted() -> None:
    (note,) = settings("QuantPost: {activation_quantize_type: range_abs_max}").notes

    assert note.startswith(f"{PATH}.QuantPost.activation_quantize_type has no effect: ")


def test_least_sparsity_is_no_gate_of_what_is_only_quantised() -> None:
    spec = changed(job(), "spec.strategy", {"QuantPost": {}})["spec"] | {"acceptance": {"minSparsity": "0.7"}}

    with pytest.raises(ValueError, match="requires UnstructurePrune or ASPPrune"):
        JobSpec.model_validate(spec, by_name=False)

"""PaddleSlim's own segmentation files are taken as they are; what they ask beyond this version is named."""

import pytest

from segcompress_api.act_settings import (
    ChannelSettings,
    PruneSettings,
    QuantSettings,
    parse_act_file,
    settings_of,
)
from segcompress_api.errors import InvalidSpecError
from unit.api import upstream_files as upstream
from unit.api.act_files import FIELD, FILES


@pytest.mark.parametrize(
    ("content", "step", "node"),
    [
        pytest.param(upstream.BISENETV2_QAT, QuantSettings, "conv2d_103.tmp_1", id="BiSeNetV2_qat"),
        pytest.param(upstream.DEEPLABV3_QAT, QuantSettings, "conv2d_123.tmp_1", id="deeplabv3_qat"),
        pytest.param(upstream.HRNET_QAT, QuantSettings, "conv2d_613.tmp_1", id="hrnet_qat"),
        pytest.param(upstream.HRNET_SPARSE, PruneSettings, "conv2d_613.tmp_1", id="hrnet_sparse"),
        pytest.param(upstream.PP_HUMANSEG_QAT, QuantSettings, "batch_norm_47.tmp_2", id="pp_humanseg_qat"),
        pytest.param(
            upstream.PP_HUMANSEG_SPARSE, PruneSettings, "batch_norm_47.tmp_2", id="pp_humanseg_sparse"
        ),
        pytest.param(upstream.PP_LITESEG_QAT, QuantSettings, "conv2d_95.tmp_0", id="pp_liteseg_qat"),
        pytest.param(upstream.PP_LITESEG_SPARSE, PruneSettings, "conv2d_95.tmp_0", id="pp_liteseg_sparse"),
        pytest.param(upstream.PPMATTING_QAT, QuantSettings, None, id="ppmatting_qat"),
        pytest.param(
            upstream.UNET_CHANNEL_PRUNE, ChannelSettings, "conv2d_37.tmp_1", id="unet_channel_prune"
        ),
        pytest.param(upstream.UNET_QAT, QuantSettings, "conv2d_37.tmp_1", id="unet_qat, old optimiser keys"),
    ],
)
def test_upstream_s_files_are_taken_as_they_are(
    content: upstream.Sections, step: type, node: str | None
) -> None:
    read = settings_of(parse_act_file(content, FIELD), FILES)

    assert [type(step) for step in read.steps] == [step]
    assert read.distillation.groups == (((node,),) if node else ())
    assert read.training.epochs == content["TrainConfig"]["epochs"]
    assert read.training.learning_rate == content["TrainConfig"]["learning_rate"]
    assert read.training.optimizer["optimizer"] == upstream.optimizer(content)
    assert [note.partition(" ")[0] for note in read.notes] == [f"{FIELD}.Global"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(upstream.PP_HUMANSEG_AUTO, id="pp_humanseg_auto"),
        pytest.param(upstream.PP_LITESEG_AUTO, id="pp_liteseg_auto"),
    ],
)
def test_a_file_that_names_no_strategy_is_read_and_left_to_a_preset(content: upstream.Sections) -> None:
    """Sections that stand in a job itself must name one."""
    read = parse_act_file(content, FIELD)

    assert not read.compresses
    with pytest.raises(InvalidSpecError, match="names no compression"):
        settings_of(read, FILES)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("HyperParameterOptimization", "use a SegCompressionSweep over fields of QuantPost"),
        ("MultiTeacherDistillation", "the teacher is the job's own model"),
    ],
)
def test_sections_that_no_job_can_be_are_refused_with_the_reason(section: str, words: str) -> None:
    with pytest.raises(InvalidSpecError, match=words) as caught:
        parse_act_file({**upstream.PP_HUMANSEG_QAT, section: {}}, FIELD)
    assert caught.value.field == f"{FIELD}.{section}"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        pytest.param("QuantAware", "for_tensorrt", True, id="QuantAware.for_tensorrt"),
        pytest.param("QuantAware", "onnx_format", False, id="QuantAware.onnx_format false"),
        pytest.param("TrainConfig", "amp_config", {}, id="TrainConfig.amp_config"),
        pytest.param("TrainConfig", "sparse_model", True, id="TrainConfig.sparse_model"),
    ],
)
def test_keys_that_would_do_nothing_are_refused_by_their_path(section: str, key: str, value: object) -> None:
    content = {**upstream.PP_HUMANSEG_QAT}
    content[section] = {**content[section], key: value}

    with pytest.raises(InvalidSpecError) as caught:
        parse_act_file(content, FIELD)
    assert caught.value.field == f"{FIELD}.{section}.{key}"

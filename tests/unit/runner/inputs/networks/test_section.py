import pytest

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.networks.section import Section, read_section

URI = "s3://models/net.yml"
FIELD = "spec.model.paddleseg.configUri"
MODEL = """
model:
  type: PPLiteSeg
  num_classes: 2
  backbone:
    type: STDC1
    pretrained: https://example.com/PP_STDCNet1.tar.gz
  arm_out_chs: [32, 64, 128]
  resize_mode: bilinear
"""
ARGUMENTS = {
    "type": "PPLiteSeg",
    "num_classes": 2,
    "backbone": {"type": "STDC1"},
    "arm_out_chs": [32, 64, 128],
    "resize_mode": "bilinear",
}


def section(text: str, classes: int = 2) -> Section:
    return read_section(URI, text.encode(), classes)


def test_the_model_section_alone_is_taken() -> None:
    read = section(MODEL + "batch_size: 4\nloss: {types: [{type: CrossEntropyLoss}], coef: [1]}\n")
    assert read.arguments == ARGUMENTS
    assert read.notes == (
        f"{FIELD}: without effect are batch_size, loss",
        f"{FIELD}: model.backbone.pretrained is not followed; weightsUri has all weights",
    )


def test_identity_is_of_what_is_built() -> None:
    same = section("# a comment\nbatch_size: 4\n_base_: ../_base_/cityscapes.yml" + MODEL)
    assert same.digest == section(MODEL).digest
    assert section(MODEL.replace("bilinear", "nearest")).digest != same.digest
    assert section(MODEL.replace("num_classes: 2", "num_classes: 3"), 3).digest != same.digest


def test_classes_are_the_datasets_where_the_section_has_none() -> None:
    read = section(MODEL.replace("  num_classes: 2\n", ""))
    assert read.arguments == ARGUMENTS
    assert read.digest == section(MODEL).digest
    assert f"{FIELD}: model.num_classes is not given; the dataset's (2) is taken" in read.notes


def test_a_base_is_named_and_not_read() -> None:
    read = section(
        "_base_: ['../_base_/a.yml', '../_base_/b.yml']"
        + MODEL.replace("type: STDC1", "type: STDC1\n    _inherited_: False")
    )
    assert read.arguments == ARGUMENTS
    assert f"{FIELD}: ../_base_/a.yml, ../_base_/b.yml (_base_) is not read" in read.notes
    assert "../_base_/a.yml, ../_base_/b.yml (_base_) is not read, so write out all" in read.incomplete


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(MODEL, "- a", "must be a PaddleSeg configuration, got ['a']", id="a list"),
        pytest.param(
            MODEL, "batch_size: 4", "model: must be a mapping, got None, such as {type:", id="no model"
        ),
        pytest.param(MODEL, "model: BiSeNetV2", "model: must be a mapping, got 'BiSeNetV2'", id="a name"),
        pytest.param(
            MODEL,
            "_base_: ../_base_/stdc.yml\nmodel: {backbone: {type: STDC2}}",
            "model.type: is required and missing; ../_base_/stdc.yml (_base_) is not read, so write out all",
            id="a base's network",
        ),
        pytest.param(
            "    type: STDC1\n", "", "model.backbone.type: is required and missing", id="a base's backbone"
        ),
        pytest.param(
            "num_classes: 2",
            "num_classes: 19",
            "model.num_classes: is 19 and spec.dataset.numClasses is 2",
            id="classes",
        ),
        pytest.param(
            "bilinear",
            "__import__('os').system('id')",
            "model.resize_mode: must be a number, a list or a plain word such as bilinear, got",
            id="code",
        ),
        pytest.param("bilinear", "os.system", "model.resize_mode: must be a number, a list or", id="a path"),
        pytest.param("128]", "/etc/passwd]", "model.arm_out_chs[2]: must be a number, a list", id="a file"),
        pytest.param(
            "bilinear", "{type: [1]}", "resize_mode.type: must be the name of a class, got [1]", id="no name"
        ),
        pytest.param("resize_mode:", "'a b':", "model.a b: must be a number, a list or a plain", id="a key"),
        pytest.param("128]", "*x]", "line 8: aliases (*name) are not supported", id="alias"),
        pytest.param("bilinear", "!!python/name:os.system", "could not determine a constructor", id="a tag"),
        pytest.param("128]", f"{'[' * 20}1{']' * 20}]", "is nested more than 16 deep", id="deep"),
    ],
)
def test_what_is_wrong_is_named_with_field_key_and_file(old: str, new: str, message: str) -> None:
    assert old in MODEL
    with pytest.raises(InvalidSettingError) as caught:
        section(MODEL.replace(old, new))
    assert str(caught.value).startswith(f"{FIELD}: ")
    assert str(caught.value).endswith(f"(in {URI})")
    assert message in str(caught.value)


def test_words_that_constructors_evaluate_are_taken() -> None:
    assert section(MODEL.replace("bilinear", "nn.LayerNorm")).arguments["resize_mode"] == "nn.LayerNorm"

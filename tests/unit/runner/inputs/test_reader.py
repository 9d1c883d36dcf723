from pathlib import Path

import pytest

from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.job import JobSpec
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.reader import with_reader
from segcompress_runner.provenance import Software
from segcompress_runner.run_key import InputDigests, model_key
from segcompress_runner.storage import LocalStorage
from small_spec import small_spec

FILE = """
batch_size: 8
train_dataset:
  type: Dataset
  dataset_root: data/people
  train_path: data/people/train.txt
  num_classes: 2
  transforms:
  - type: PaddingByAspectRatio
    aspect_ratio: 1.77777778
  - type: Resize
    target_size: [398, 224]
  - type: RandomHorizontalFlip
  - type: Normalize
  mode: train
val_dataset:
  type: Dataset
  dataset_root: data/people
  val_path: data/people/val.txt
  num_classes: 2
  transforms:
  - type: Resize
    target_size: [398, 224]
  - type: Normalize
  mode: val
"""


def spec_with(**dataset: object) -> JobSpec:
    return small_spec(dataset={"uri": "s3://datasets/x/", "numClasses": 2, **dataset})


def applied(folder: Path, content: str, **dataset: object) -> JobSpec:
    file = folder / "reader.yaml"
    file.write_text(content)
    return with_reader(spec_with(readerConfigUri=f"file://{file}", **dataset), LocalStorage())


def test_file_takes_the_place_of_transforms_and_batch(tmp_path: Path) -> None:
    dataset = applied(tmp_path, FILE).dataset
    assert [one.type for one in dataset.train_transforms] == [
        "PaddingByAspectRatio",
        "Resize",
        "RandomHorizontalFlip",
        "Normalize",
    ]
    assert dataset.val_transforms[0].arguments() == {"target_size": [398, 224]}
    assert dataset.batch_size == 8


def test_run_is_the_same_as_with_the_transforms_written_out(tmp_path: Path) -> None:
    written = spec_with(
        batchSize=8,
        trainTransforms=[
            {"type": "PaddingByAspectRatio", "aspect_ratio": 1.77777778},
            {"type": "Resize", "target_size": [398, 224]},
            {"type": "RandomHorizontalFlip"},
            {"type": "Normalize"},
        ],
        valTransforms=[{"type": "Resize", "target_size": [398, 224]}, {"type": "Normalize"}],
    )
    assert key_of(applied(tmp_path, FILE)) == key_of(written)


def key_of(spec: JobSpec) -> str:
    settings = settings_of(spec.strategy, ModelFileNames("model.pdmodel", "model.pdiparams"))
    lists = {"train.txt": "c", "val.txt": "d"}
    digests = InputDigests({"model.pdmodel": "a", "model.pdiparams": "b"}, lists, [])
    return model_key(spec, settings, digests, "CPU", Software("code", {}))


def test_sections_of_a_training_have_no_effect(tmp_path: Path) -> None:
    more = "iters: 1000\nmodel: {type: BiSeNetV2}\noptimizer: {type: sgd}\n"
    assert applied(tmp_path, FILE + more) == applied(tmp_path, FILE)


def test_a_spec_without_a_file_is_left_alone() -> None:
    transforms = [{"type": "Normalize"}]
    spec = spec_with(trainTransforms=transforms, valTransforms=transforms)
    assert with_reader(spec, LocalStorage()) is spec


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "val_dataset:", "val_datset:", "val_datset: is not known; did you mean val_dataset?", id="key"
        ),
        pytest.param("  mode: val", "  transform: []", "did you mean transforms?", id="key of a section"),
        pytest.param(
            "num_classes: 2", "num_classes: 3", "train_dataset.num_classes: is 3 and the spec's", id="3"
        ),
        pytest.param(
            "batch_size: 8", "batch_size: 0", "batch_size: must be a whole number from 1", id="batch"
        ),
        pytest.param("batch_size: 8", "_base_: a.yml", "_base_: is not followed; write out", id="base"),
        pytest.param(
            "type: RandomHorizontalFlip",
            "type: RandomHorizontalFlop",
            "train_dataset.transforms[2].type: RandomHorizontalFlop is not a known PaddleSeg transform; did",
            id="transform",
        ),
        pytest.param(
            "type: RandomHorizontalFlip", "prob: 1", "transforms[2]: must be a mapping", id="no type"
        ),
        pytest.param(FILE, "- a", "the file: must be a mapping, got ['a']", id="a list"),
        pytest.param(FILE, "batch_size: 8", "train_dataset: must be a mapping, got None", id="no sections"),
        pytest.param("batch_size: 8", "batch_size: *x", "aliases (*name) are not supported", id="alias"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in FILE
    with pytest.raises(InvalidSettingError) as caught:
        applied(tmp_path, FILE.replace(old, new))
    assert str(caught.value).startswith(f"file://{tmp_path}/reader.yaml")
    assert message in str(caught.value)


def test_two_sizes_of_a_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match=r"is 8 and spec\.dataset\.batchSize 4; give one"):
        applied(tmp_path, FILE, batchSize=4)

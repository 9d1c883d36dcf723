from dataclasses import replace
from typing import Any

import pytest

from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.job import JobSpec
from segcompress_runner.processor import Processor
from segcompress_runner.provenance import Software
from segcompress_runner.run_key import InputDigests, RunKeys, measurement_key, model_key
from small_spec import small_spec

INPUTS = InputDigests(
    model={"model.pdmodel": "a", "model.pdiparams": "b"},
    lists={"train.txt": "c", "val.txt": "d"},
    pictures=[("a.jpg", "e"), ("a.png", "f")],
)
PROCESSOR = Processor("a CPU", "6 85 7", ("avx2",))
SOFTWARE = Software("code", {"paddlepaddle": "2.6.2"})


def key_of(
    spec: JobSpec, inputs: InputDigests = INPUTS, device: str = "CPU", software: Software = SOFTWARE
) -> str:
    settings = settings_of(spec.strategy, ModelFileNames("model.pdmodel", "model.pdiparams"))
    return model_key(spec, settings, inputs, device, software)


def keys_of(
    spec: JobSpec, processor: Processor = PROCESSOR, threads: int = 1, software: Software = SOFTWARE
) -> RunKeys:
    model = key_of(spec)
    return RunKeys(model, measurement_key(model, spec, processor, threads, software))


def test_keys_are_16_hex_digits() -> None:
    for key in (keys_of(small_spec()).model, keys_of(small_spec()).measurement):
        assert len(key) == 16
        assert int(key, 16) >= 0


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"pruned_ratio": 0.75}, id="old spelling"),
        pytest.param({"ratio": 0.75, "prune_mode": "ratio"}, id="default written out"),
    ],
)
def test_strategy_counts_by_its_meaning(changes: dict[str, Any]) -> None:
    train = {"train_iter": 10, "learning_rate": "1e-2", "optimizer": "SGD"}
    strategy = {"Global": {"model_dir": "x"}, "UnstructurePrune": changes, "TrainConfig": train}
    assert keys_of(small_spec(strategy=strategy)) == keys_of(small_spec())


def test_keys_stay_what_they_were_published_under() -> None:
    """Another spelling of what a key is made of makes every user train and measure everything again."""
    assert keys_of(small_spec()) == RunKeys("c7fadc8079811e55", "f56ce5b912b07a40")


def test_a_figure_that_json_lacks_makes_no_key() -> None:
    software = replace(SOFTWARE, packages={"paddlepaddle": float("nan")})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="JSON compliant"):
        key_of(small_spec(), software=software)


def test_what_the_weights_depend_on_changes_the_model_key() -> None:
    spec = small_spec()
    keys = [
        key_of(spec),
        key_of(spec, device="GPU"),
        key_of(spec, replace(INPUTS, model={**INPUTS.model, "model.pdiparams": "other"})),
        key_of(spec, replace(INPUTS, pictures=[("a.jpg", "e"), ("a.png", "other")])),
        key_of(spec, replace(INPUTS, lists={**INPUTS.lists, "train.txt": "other"})),
        key_of(spec, replace(INPUTS, lists={**INPUTS.lists, "val.txt": "other"})),
        key_of(spec, software=replace(SOFTWARE, code="other")),
        key_of(spec, software=replace(SOFTWARE, packages={"paddlepaddle": "2.6.3"})),
    ]
    assert len(set(keys)) == len(keys)


def test_what_only_the_figures_depend_on_changes_the_measurement_key_alone() -> None:
    spec = small_spec()
    keys = [
        keys_of(spec),
        keys_of(spec, processor=replace(PROCESSOR, cpu_name="another CPU")),
        keys_of(spec, processor=replace(PROCESSOR, cpu_model="6 85 8")),
        keys_of(spec, processor=replace(PROCESSOR, instructions=("avx2", "avx512_vnni"))),
        keys_of(spec, processor=replace(PROCESSOR, gpu_name="a GPU")),
        keys_of(spec, threads=2),
        keys_of(spec, software=replace(SOFTWARE, code="other")),
        keys_of(spec, software=replace(SOFTWARE, packages={"onnxruntime": "1.99"})),
        keys_of(small_spec(acceptance={"maxMiouDrop": "0.01"})),
        keys_of(small_spec(benchmark={"threads": 2})),
    ]
    assert len({key.measurement for key in keys}) == len(keys)
    assert len({key.model for key in keys}) == 1


def test_names_of_files_count_in_neither_key() -> None:
    renamed = InputDigests(
        model={"net.pdmodel": "a", "net.pdiparams": "b"},
        lists={"lists/train.txt": "c", "lists/val.txt": "d"},
        pictures=INPUTS.pictures,
    )
    spec = small_spec(
        model={"inference": {"uri": "s3://m/", "modelFile": "net.pdmodel", "paramsFile": "net.pdiparams"}},
        dataset=small_spec().dataset.model_dump(by_alias=True)
        | {"trainList": "lists/train.txt", "valList": "lists/val.txt"},
    )
    assert key_of(spec, renamed) == key_of(small_spec())


def test_labels_of_annotations_change_the_model_key() -> None:
    plain = small_spec().dataset.model_dump(by_alias=True, exclude={"label_list"})
    annotated = {**plain, "format": "EISeg"}
    listed = small_spec(dataset={**annotated, "labelList": "labels.txt"})
    keys = [
        key_of(small_spec(dataset=annotated)),
        key_of(small_spec(dataset={**annotated, "classNames": ["ground", "thing"]})),
        key_of(small_spec(dataset={**annotated, "classNames": ["thing", "ground"]})),
        key_of(listed, replace(INPUTS, lists={**INPUTS.lists, "labels.txt": "e"})),
        key_of(listed, replace(INPUTS, lists={**INPUTS.lists, "labels.txt": "f"})),
    ]
    assert len(set(keys)) == len(keys)

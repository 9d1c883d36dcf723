from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from segcompress_api.act_settings import ModelFiles, settings_of
from segcompress_api.job import JobSpec
from segcompress_runner.run_key import RUNNER_VERSION, InputDigests, run_key

INPUTS = InputDigests(
    model={"model.pdmodel": "a", "model.pdiparams": "b"},
    lists={"train.txt": "c", "val.txt": "d"},
    pictures=[("a.jpg", "e"), ("a.png", "f")],
)


def spec_with(**changes: Any) -> JobSpec:
    plain: dict[str, Any] = {
        "model": {"inference": {"uri": "s3://models/x/"}},
        "dataset": {
            "uri": "s3://datasets/x/",
            "numClasses": 2,
            "trainTransforms": [{"type": "Normalize"}],
            "valTransforms": [{"type": "Normalize"}],
        },
        "strategy": {
            "UnstructurePrune": {"ratio": 0.75},
            "TrainConfig": {"train_iter": 10, "learning_rate": 0.01},
        },
        "output": {"uri": "s3://compressed/x/"},
    }
    return JobSpec.model_validate(plain | changes)


def key_of(spec: JobSpec, inputs: InputDigests = INPUTS, device: str = "CPU") -> str:
    return run_key(
        spec, settings_of(spec.strategy, ModelFiles("model.pdmodel", "model.pdiparams")), inputs, device
    )


def test_key_is_16_hex_digits() -> None:
    assert len(key_of(spec_with())) == 16
    assert int(key_of(spec_with()), 16) >= 0


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"output": {"uri": "s3://elsewhere/"}}, id="output"),
        pytest.param({"model": {"inference": {"uri": "file:///copy/"}}}, id="address of the model"),
        pytest.param({"storage": {"secretRef": {"name": "store"}}}, id="storage"),
        pytest.param({"runtime": {"resources": {"limits": {"cpu": "4"}}}}, id="resources"),
        pytest.param({"backoffLimit": 9, "activeDeadlineSeconds": 5}, id="limits"),
        pytest.param(
            {
                "strategy": {
                    "UnstructurePrune": {"pruned_ratio": 0.75},
                    "TrainConfig": {"train_iter": 10, "learning_rate": "1e-2", "optimizer": "SGD"},
                }
            },
            id="old spelling",
        ),
        pytest.param(
            {
                "strategy": {
                    "Global": {"model_dir": "x"},
                    "UnstructurePrune": {"ratio": 0.75},
                    "TrainConfig": {"train_iter": 10, "learning_rate": 0.01},
                }
            },
            id="section without effect",
        ),
    ],
)
def test_what_changes_no_result_changes_no_key(changes: dict[str, Any]) -> None:
    assert key_of(spec_with(**changes)) == key_of(spec_with())


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"seed": 1}, id="seed"),
        pytest.param({"acceptance": {"maxMiouDrop": "0.01"}}, id="gate"),
        pytest.param({"benchmark": {"threads": 2}}, id="benchmark"),
        pytest.param(
            {
                "strategy": {
                    "UnstructurePrune": {"ratio": 0.8},
                    "TrainConfig": {"train_iter": 10, "learning_rate": 0.01},
                }
            },
            id="strategy",
        ),
    ],
)
def test_what_changes_the_result_changes_the_key(changes: dict[str, Any]) -> None:
    assert key_of(spec_with(**changes)) != key_of(spec_with())


def test_inputs_and_device_change_the_key() -> None:
    spec = spec_with()
    keys = {
        key_of(spec),
        key_of(spec, device="GPU"),
        key_of(spec, replace(INPUTS, model={**INPUTS.model, "model.pdiparams": "other"})),
        key_of(spec, replace(INPUTS, pictures=[("a.jpg", "e"), ("a.png", "other")])),
        key_of(spec, replace(INPUTS, lists={**INPUTS.lists, "val.txt": "other"})),
    }
    assert len(keys) == 5


def test_version_is_the_projects() -> None:
    project = Path(__file__).parents[4] / "pyproject.toml"
    assert f'version = "{RUNNER_VERSION}"' in project.read_text()

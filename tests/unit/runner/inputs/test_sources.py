from pathlib import Path
from typing import Any

import pytest

from segcompress_api.job import JobSpec
from segcompress_runner.errors import InputNotFoundError, InvalidSettingError
from segcompress_runner.inputs.sources import Source, find_model
from segcompress_runner.storage import LocalStorage

CONFIG = "model: {type: BiSeNetV2, num_classes: 2}\n"


def spec_with(root: Path, **network: Any) -> JobSpec:
    transforms = [{"type": "Normalize"}]
    dataset = {"numClasses": 2, "trainTransforms": transforms, "valTransforms": transforms}
    return JobSpec.model_validate(
        {
            "model": {
                "paddleseg": {
                    "configUri": f"file://{root}/net.yml",
                    "weightsUri": f"file://{root}/best/model.pdparams",
                    "inputShape": [1, 3, 64, 64],
                    **network,
                }
            },
            "dataset": {"uri": f"file://{root}/", **dataset},
            "strategy": {},
            "output": {"uri": "file:///out/"},
        }
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "net.yml").write_text(CONFIG)
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "model.pdparams").write_bytes(b"weights")
    return tmp_path


def found(root: Path, **network: Any) -> Source:
    return find_model(spec_with(root, **network), LocalStorage())


def test_network_is_identified_by_its_weights_and_its_section(root: Path) -> None:
    first = found(root).digests()
    assert list(first) == ["model.pdparams", "model section"]
    (root / "net.yml").write_text(f"# the same\nbatch_size: 8\n{CONFIG}")
    assert found(root).digests() == first
    (root / "net.yml").write_text(CONFIG.replace("num_classes", "lambd: 0.5, num_classes"))
    changed = found(root).digests()
    assert changed["model section"] != first["model section"]
    (root / "best" / "model.pdparams").write_bytes(b"others")
    assert found(root).digests()["model.pdparams"] != changed["model.pdparams"]


def test_weights_are_used_where_they_lie(root: Path, tmp_path: Path) -> None:
    steps = list[int]()
    assert found(root).fetched(LocalStorage(), tmp_path / "work", steps.append) == (
        root / "best" / "model.pdparams",
    )
    assert steps == [1]


def test_what_of_a_configuration_has_no_effect_is_told(root: Path) -> None:
    (root / "net.yml").write_text(f"batch_size: 8\n{CONFIG}")
    assert found(root).notes == ("spec.model.paddleseg.configUri: without effect are batch_size",)


@pytest.mark.parametrize(
    ("network", "error", "message"),
    [
        pytest.param(
            {"configUri": "file:///no/net.yml"},
            InputNotFoundError,
            r"^spec\.model\.paddleseg\.configUri: file:///no/net\.yml does not exist",
            id="config",
        ),
        pytest.param(
            {"weightsUri": "file:///no/model.pdparams"},
            InputNotFoundError,
            r"model\.pdparams \(spec\.model\.paddleseg\.weightsUri\) does not exist",
            id="weights",
        ),
        pytest.param(
            {"weightsUri": "s3://bucket"}, InvalidSettingError, "s3://bucket names no file", id="bucket"
        ),
    ],
)
def test_what_is_missing_is_named(
    root: Path, network: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        found(root, **network)

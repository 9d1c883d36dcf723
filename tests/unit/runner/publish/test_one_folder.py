"""A folder of the user's that holds files and manifests side by side."""

from dataclasses import replace
from pathlib import Path

import pytest

from segcompress_api.conditions import Reason
from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.outputs.publish import find_measurement, find_model
from segcompress_runner.run_key import RunKeys
from unit.runner.publish.publishing import KEYS, STORAGE, flat, measure, train


def test_one_folder_holds_files_and_manifests(tmp_path: Path) -> None:
    where = flat(tmp_path, "local-1")
    result = measure(tmp_path, where, train(tmp_path, where))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "manifest.json",
        "model-manifest.json",
        "model.onnx",
        "model.pdiparams",
        "model.pdmodel",
        "report.html",
        "result.json",
    }
    assert result.artifacts is not None
    assert result.artifacts.model is not None
    assert result.artifacts.model.uri == f"file://{tmp_path}/out/"
    found = find_measurement(STORAGE, flat(tmp_path, "local-2"), KEYS)
    assert found is not None
    assert found.reason == Reason.REUSED


def test_one_folder_keeps_the_latest_measurement_of_its_model(tmp_path: Path) -> None:
    first, second = flat(tmp_path, "local-1"), flat(tmp_path, "local-2")
    measure(tmp_path, first, train(tmp_path, first))
    other = replace(KEYS, measurement="f" * 16)
    assert find_measurement(STORAGE, second, other) is None
    model = find_model(STORAGE, second, KEYS.model, tmp_path)
    assert model is not None
    assert measure(tmp_path, second, model, keys=other).reason == Reason.REUSED
    assert (tmp_path / "out" / "result.json").read_text() == "local-2"
    assert find_measurement(STORAGE, second, other) is not None


def test_one_folder_is_not_given_to_another_model(tmp_path: Path) -> None:
    where = flat(tmp_path, "local-1")
    measure(tmp_path, where, train(tmp_path, where))
    other = RunKeys("e" * 16, KEYS.measurement)
    with pytest.raises(InvalidSettingError, match=f"holds the model {KEYS.model} already.*another folder"):
        find_measurement(STORAGE, flat(tmp_path, "local-2"), other)
    with pytest.raises(InvalidSettingError, match=f"holds the model {KEYS.model} already.*another folder"):
        find_model(STORAGE, flat(tmp_path, "local-2"), other.model, tmp_path)


def test_one_folder_keeps_the_weights_of_whoever_was_first(tmp_path: Path) -> None:
    train(tmp_path, flat(tmp_path, "local-1"))
    adopted = train(tmp_path, flat(tmp_path, "local-2"))
    assert (adopted.manifest.attempt, adopted.trained_here) == ("local-1", False)
    assert (tmp_path / "out" / "model.pdiparams").read_text() == "local-1"


def test_one_folder_keeps_its_weights_from_another_model(tmp_path: Path) -> None:
    """Both runs found the folder empty; one of them published while the other was training."""
    train(tmp_path, flat(tmp_path, "local-1"))
    with pytest.raises(InvalidSettingError, match=f"holds the model {KEYS.model} already.*another folder"):
        train(tmp_path, flat(tmp_path, "local-2"), "e" * 16)
    assert (tmp_path / "out" / "model.pdiparams").read_text() == "local-1"


def test_one_folder_is_measured_again_where_a_kill_left_other_figures(tmp_path: Path) -> None:
    """A later measurement had replaced a file when it was killed; the manifest still names the old one."""
    where = flat(tmp_path, "local-1")
    measure(tmp_path, where, train(tmp_path, where))
    (tmp_path / "out" / "result.json").write_text("local-X")
    again = flat(tmp_path, "local-2")
    assert find_measurement(STORAGE, again, KEYS) is None
    model = find_model(STORAGE, again, KEYS.model, tmp_path)
    assert model is not None
    measure(tmp_path, again, model)
    assert find_measurement(STORAGE, flat(tmp_path, "local-3"), KEYS) is not None


def test_one_folder_that_holds_something_else_need_not_be_removed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text('{"name": "of a web site"}')
    with pytest.raises(InvalidInputError, match="must hold a MeasurementManifest") as caught:
        find_measurement(STORAGE, flat(tmp_path, "local-1"), KEYS)
    assert "remove" not in str(caught.value)
    assert "name another folder than file://" in str(caught.value)

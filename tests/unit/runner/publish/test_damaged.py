"""What was published and is gone, cut or changed since is named, with the remedy."""

from pathlib import Path

import pytest

from segcompress_runner.errors import InputNotFoundError, InvalidInputError
from segcompress_runner.outputs.publish import find_measurement, find_model
from unit.runner.publish.publishing import KEYS, REMEDY, STORAGE, place, run, train


def test_published_file_that_is_gone_is_named(tmp_path: Path) -> None:
    run(tmp_path, "pod-1")
    (tmp_path / "out" / KEYS.model / "attempts/pod-1/model.onnx").unlink()
    with pytest.raises(InputNotFoundError, match=rf"model\.onnx .*though it was published; {REMEDY}"):
        find_measurement(STORAGE, place(tmp_path, "pod-2"), KEYS)


def test_published_weights_of_another_size_are_named(tmp_path: Path) -> None:
    run(tmp_path, "pod-1")
    (tmp_path / "out" / KEYS.model / "attempts/pod-1/model.pdiparams").write_text("pod")
    message = rf"model\.pdiparams: has 3 bytes, but 5 were published; {REMEDY}"
    with pytest.raises(InvalidInputError, match=message):
        find_measurement(STORAGE, place(tmp_path, "pod-2"), KEYS)


def test_published_weights_with_other_bytes_are_named(tmp_path: Path) -> None:
    train(tmp_path, place(tmp_path, "pod-1"))
    (tmp_path / "out" / KEYS.model / "attempts/pod-1/model.pdiparams").write_text("pod-X")
    message = rf"model\.pdiparams: does not match its published SHA-256; {REMEDY}"
    with pytest.raises(InvalidInputError, match=message):
        find_model(STORAGE, place(tmp_path, "pod-2"), KEYS.model, tmp_path)


def test_published_figures_with_other_bytes_are_named(tmp_path: Path) -> None:
    run(tmp_path, "pod-1")
    (tmp_path / "out" / KEYS.model / "attempts/pod-1/model.onnx").write_text("pod-X")
    message = rf"model\.onnx: does not match its published SHA-256; {REMEDY}"
    with pytest.raises(InvalidInputError, match=message):
        find_measurement(STORAGE, place(tmp_path, "pod-2"), KEYS)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param('{"kind": "ModelManifest"}', "modelKey: Field required", id="field"),
        pytest.param("{", "Invalid JSON", id="no JSON"),
    ],
)
def test_broken_manifest_is_named(tmp_path: Path, content: str, problem: str) -> None:
    manifest = tmp_path / "out" / KEYS.model / "model/manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(content)
    message = rf"model/manifest\.json: must hold a ModelManifest, but does not \({problem}.*\); {REMEDY}"
    with pytest.raises(InvalidInputError, match=message):
        find_model(STORAGE, place(tmp_path, "pod-1"), KEYS.model, tmp_path)

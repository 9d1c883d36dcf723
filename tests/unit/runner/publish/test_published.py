"""Finding a published measurement again by the address that its reader has."""

from pathlib import Path

import pytest

from segcompress_runner.errors import InputNotFoundError, InvalidInputError
from segcompress_runner.outputs.file_names import PARAMS, PROGRAM, REPORT
from segcompress_runner.outputs.published import find_published, result_address
from unit.runner.publish.publishing import KEYS, MEASUREMENT, STORAGE, flat, measure, run, train


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """Return the folder of a model key, with one published measurement."""
    run(tmp_path, "pod-1")
    return tmp_path / "out" / KEYS.model


@pytest.mark.parametrize("named", [MEASUREMENT, MEASUREMENT.removesuffix("/manifest.json")])
def test_a_measurement_is_found_by_its_manifest_and_by_its_folder(
    bucket: Path, named: str, tmp_path: Path
) -> None:
    found = find_published(STORAGE, result_address(f"file://{bucket / named}"))
    assert found.manifest.measurement_key == KEYS.measurement
    fetched = found.fetch(STORAGE, (PROGRAM, PARAMS, REPORT), tmp_path / "here")
    assert [path.read_text() for path in fetched] == ["pod-1"] * 3


def test_an_output_folder_is_found_by_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = flat(tmp_path, "local-1")
    measure(tmp_path, where, train(tmp_path, where))
    monkeypatch.chdir(tmp_path)
    found = find_published(STORAGE, result_address("out"))
    assert found.place.flat
    (report,) = found.fetch(STORAGE, (REPORT,), tmp_path / "here")
    assert report == tmp_path / "out" / REPORT


def test_a_file_that_is_not_what_was_published_is_refused(bucket: Path, tmp_path: Path) -> None:
    (bucket / "attempts" / "pod-1" / REPORT).write_text("pod-2")
    found = find_published(STORAGE, result_address(str(bucket / MEASUREMENT)))
    with pytest.raises(InvalidInputError, match="does not match its published SHA-256"):
        found.fetch(STORAGE, (REPORT,), tmp_path / "here")


def test_a_file_that_no_manifest_names_is_told_by_its_name(bucket: Path, tmp_path: Path) -> None:
    found = find_published(STORAGE, result_address(str(bucket / MEASUREMENT)))
    with pytest.raises(InputNotFoundError, match=r"manifest\.json: names no model\.mnn"):
        found.fetch(STORAGE, ("model.mnn",), tmp_path / "here")


def test_a_folder_without_a_result_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError) as raised:
        find_published(STORAGE, result_address(str(tmp_path)))
    assert str(raised.value) == (
        f"file://{tmp_path}/manifest.json does not exist; name the manifest.json of a finished run "
        "(status.artifacts.manifest.uri), or its folder"
    )


def test_the_manifest_of_a_model_is_not_taken_for_a_result(bucket: Path) -> None:
    with pytest.raises(InvalidInputError, match="must hold a MeasurementManifest, but does not"):
        find_published(STORAGE, result_address(str(bucket / "model" / "manifest.json")))

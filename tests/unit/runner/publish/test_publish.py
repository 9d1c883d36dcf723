import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.status import Metrics, ModelFigures
from segcompress_runner.errors import InputNotFoundError, InvalidInputError, InvalidSettingError
from segcompress_runner.outputs.publish import (
    Finished,
    Place,
    Verdict,
    bucket_place,
    find_published,
    flat_place,
    publish,
)
from segcompress_runner.storage import Address, LocalStorage

KEY = "0123456789abcdef"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
METRICS = Metrics(
    baseline=ModelFigures(miou="0.9287", size_bytes=10),
    compressed=ModelFigures(miou="0.9235", size_bytes=10, sparsity="0.7497"),
)
STORAGE = LocalStorage()


def finished(
    folder: Path, attempt: str, reason: Reason = Reason.SUCCEEDED, message: str = "mIoU 0.9235"
) -> Finished:
    source = folder / f"source-{attempt}"
    source.write_bytes(attempt.encode())
    verdict = Verdict(reason, message, METRICS, ("a note",))
    return Finished(KEY, attempt, verdict, {"model.pdiparams": source, "model.onnx": source}, NOW)


def place(folder: Path, attempt: str) -> Place:
    return bucket_place(Address("file", "", str(folder / "out")), KEY, attempt)


def put(folder: Path, run: Finished) -> object:
    return publish(STORAGE, place(folder, run.attempt), run, lambda _: None)


def test_manifest_names_the_attempts_files_with_their_digests(tmp_path: Path) -> None:
    result = publish(STORAGE, place(tmp_path, "pod-1"), finished(tmp_path, "pod-1"), lambda _: None)
    manifest = json.loads((tmp_path / "out" / KEY / "manifest.json").read_text())
    assert manifest["runKey"] == KEY
    assert manifest["accepted"] is True
    assert [(file["name"], file["path"], file["sizeBytes"]) for file in manifest["files"]] == [
        ("model.pdiparams", "attempts/pod-1/model.pdiparams", 5),
        ("model.onnx", "attempts/pod-1/model.onnx", 5),
    ]
    assert result.reason == Reason.SUCCEEDED
    assert result.artifacts is not None
    assert result.artifacts.model is not None
    assert result.artifacts.model.uri == f"file://{tmp_path}/out/{KEY}/attempts/pod-1/"
    assert result.artifacts.model.sha256 == manifest["files"][0]["sha256"]
    assert result.notes == ("a note",)


def test_second_publisher_adopts_the_first_ones_result(tmp_path: Path) -> None:
    put(tmp_path, finished(tmp_path, "pod-1"))
    result = publish(STORAGE, place(tmp_path, "pod-2"), finished(tmp_path, "pod-2"), lambda _: None)
    assert result.reason == Reason.REUSED
    assert result.artifacts is not None
    assert result.artifacts.model is not None
    assert "pod-1" in result.artifacts.model.uri


def test_own_manifest_found_again_is_no_reuse(tmp_path: Path) -> None:
    run = finished(tmp_path, "pod-1")
    put(tmp_path, run)
    assert publish(STORAGE, place(tmp_path, "pod-1"), run, lambda _: None).reason == Reason.SUCCEEDED


def test_published_run_is_found_again(tmp_path: Path) -> None:
    put(tmp_path, finished(tmp_path, "pod-1"))
    found = find_published(STORAGE, place(tmp_path, "pod-2"), KEY)
    assert found is not None
    assert found.reason == Reason.REUSED
    assert found.metrics == METRICS
    assert found.message == "the same run was published on 2026-03-01T00:00:00Z: mIoU 0.9235"


def test_missed_gate_is_missed_again(tmp_path: Path) -> None:
    message = "sparsity 0.1500 is below the requested 0.90"
    put(tmp_path, finished(tmp_path, "pod-1", Reason.SPARSITY_NOT_REACHED, message))
    found = find_published(STORAGE, place(tmp_path, "pod-2"), KEY)
    assert found is not None
    assert (found.reason, found.message) == (Reason.SPARSITY_NOT_REACHED, message)
    assert found.metrics == METRICS


def test_unpublished_run_is_not_found(tmp_path: Path) -> None:
    assert find_published(STORAGE, place(tmp_path, "pod-1"), KEY) is None


def test_published_run_whose_file_is_gone_is_no_result(tmp_path: Path) -> None:
    put(tmp_path, finished(tmp_path, "pod-1"))
    (tmp_path / "out" / KEY / "attempts/pod-1/model.onnx").unlink()
    with pytest.raises(InputNotFoundError, match=r"model\.onnx .*remove .*manifest\.json to run again"):
        find_published(STORAGE, place(tmp_path, "pod-2"), KEY)


def test_broken_manifest_is_named(tmp_path: Path) -> None:
    manifest = tmp_path / "out" / KEY / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text('{"kind": "RunManifest"}')
    with pytest.raises(InvalidInputError, match=r"manifest\.json: is no manifest of a run \(runKey"):
        find_published(STORAGE, place(tmp_path, "pod-1"), KEY)


def test_one_folder_holds_files_and_manifest(tmp_path: Path) -> None:
    flat = flat_place(Address("file", "", str(tmp_path / "out")))
    publish(STORAGE, flat, finished(tmp_path, "local-1"), lambda _: None)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"manifest.json", "model.pdiparams", "model.onnx"}


def test_one_folder_is_not_given_to_another_run(tmp_path: Path) -> None:
    flat = flat_place(Address("file", "", str(tmp_path / "out")))
    publish(STORAGE, flat, finished(tmp_path, "local-1"), lambda _: None)
    with pytest.raises(InvalidSettingError, match=f"holds the run {KEY} already.*name another folder"):
        find_published(STORAGE, flat, "f" * 16)

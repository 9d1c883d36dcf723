"""What is published, what is found again, and who wins a race."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.job import JobSpec
from segcompress_api.status import Artifact
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.outputs.manifests import EvaluationRecord, Place, TrainingRecord
from segcompress_runner.outputs.publish import (
    Trained,
    bucket_place,
    find_measurement,
    find_model,
    publish_model,
)
from segcompress_runner.storage import parse_address
from small_spec import small_spec
from unit.runner.publish.publishing import (
    KEYS,
    MEASUREMENT,
    METRICS,
    MISSED,
    NOW,
    STORAGE,
    SUCCEEDED,
    TRAINING,
    flat,
    manifest_at,
    measure,
    place,
    run,
    silent,
    train,
)


def without_pruning(training: TrainingRecord) -> TrainingRecord:
    """Return the record of a training that prunes nothing."""
    history = tuple(evaluation.model_copy(update={"ratio": None}) for evaluation in training.history)
    return training.model_copy(update={"history": history})


def test_model_manifest_names_the_attempts_files_and_how_they_came_about(tmp_path: Path) -> None:
    train(tmp_path, place(tmp_path, "pod-1"))
    manifest = manifest_at(tmp_path, "model/manifest.json")
    assert (manifest["kind"], manifest["modelKey"]) == ("ModelManifest", KEYS.model)
    assert [(file["path"], file["sizeBytes"]) for file in manifest["files"]] == [  # type: ignore[attr-defined]
        ("attempts/pod-1/model.pdmodel", 5),
        ("attempts/pod-1/model.pdiparams", 5),
    ]
    assert TrainingRecord.model_validate(manifest["training"]) == TRAINING


def test_manifest_leaves_out_what_is_unknown(tmp_path: Path) -> None:
    unpruned = without_pruning(TRAINING)
    train(tmp_path, place(tmp_path, "pod-1"), training=unpruned)
    manifest = manifest_at(tmp_path, "model/manifest.json")
    assert "null" not in json.dumps(manifest)
    assert TrainingRecord.model_validate(manifest["training"]) == unpruned


@pytest.mark.parametrize("make", [place, flat])
def test_model_that_the_run_exported_is_published_beside_the_compressed_one(
    tmp_path: Path, make: Callable[[Path, str], Place]
) -> None:
    for name in ("model.pdmodel", "model.pdiparams"):
        (tmp_path / name).write_text("as it came")
    files = ModelFiles(tmp_path / "model.pdmodel", tmp_path / "model.pdiparams")
    where = make(tmp_path, "pod-1")
    model = publish_model(STORAGE, where, Trained(KEYS.model, files, TRAINING, NOW, files), tmp_path, silent)
    names = ["model.pdmodel", "model.pdiparams", "baseline/model.pdmodel", "baseline/model.pdiparams"]
    assert [file.name for file in model.manifest.files] == names
    for file in model.manifest.files:
        assert (where.folder / file.path).local.read_text() == "as it came"
    result = measure(tmp_path, where, model)
    assert result.artifacts is not None
    assert result.artifacts.model is not None
    assert result.artifacts.model.uri == f"{where.files}/"


def test_measurement_manifest_names_its_own_files_and_the_models(tmp_path: Path) -> None:
    train(tmp_path, place(tmp_path, "pod-1"))
    model = find_model(STORAGE, place(tmp_path, "pod-2"), KEYS.model, tmp_path)
    assert model is not None
    result = measure(tmp_path, place(tmp_path, "pod-2"), model)
    manifest = manifest_at(tmp_path, MEASUREMENT)
    assert (manifest["modelKey"], manifest["measurementKey"]) == (KEYS.model, KEYS.measurement)
    assert (manifest["processor"], manifest["accepted"]) == ("another CPU", True)
    assert [file["path"] for file in manifest["files"]] == [  # type: ignore[attr-defined]
        "attempts/pod-1/model.pdmodel",
        "attempts/pod-1/model.pdiparams",
        "attempts/pod-2/model.onnx",
        "attempts/pod-2/result.json",
        "attempts/pod-2/report.html",
    ]
    assert result.artifacts is not None
    assert result.artifacts.manifest.uri == f"file://{tmp_path}/out/{KEYS.model}/{MEASUREMENT}"
    assert result.artifacts.report is not None
    assert result.artifacts.report.uri == f"file://{tmp_path}/out/{KEYS.model}/attempts/pod-2/report.html"
    assert result.artifacts.model is not None
    assert result.artifacts.model.uri == f"file://{tmp_path}/out/{KEYS.model}/attempts/pod-1/"
    assert result.artifacts.model.sha256 == manifest["files"][1]["sha256"]  # type: ignore[index]
    assert result.notes == ("a note",)


def test_the_longest_output_leaves_room_for_the_addresses_below_it() -> None:
    uri = f"s3://{'b' * 63}/".ljust(896, "x")
    assert JobSpec.model_validate(small_spec().model_dump() | {"output": {"uri": uri}}).output.uri == uri
    where = bucket_place(parse_address(uri, "spec.output.uri"), KEYS.model, "0" * 36)
    for address in (where.measurement(KEYS.measurement), where.model, where.files / "model.pdiparams"):
        assert Artifact(uri=str(address)).uri == str(address)


def test_run_that_trained_and_measured_succeeded(tmp_path: Path) -> None:
    result = run(tmp_path, "pod-1")
    assert (result.reason, result.message) == (Reason.SUCCEEDED, "mIoU 0.9235")


def test_weights_that_lost_the_race_give_way_to_the_first_ones(tmp_path: Path) -> None:
    train(tmp_path, place(tmp_path, "pod-1"))
    adopted = train(tmp_path, place(tmp_path, "pod-2"))
    assert adopted.manifest.attempt == "pod-1"
    assert adopted.files.params.read_text() == "pod-1"


def test_figures_that_lost_the_race_give_way_to_the_first_ones(tmp_path: Path) -> None:
    first = run(tmp_path, "pod-1")
    second = run(tmp_path, "pod-2", replace(SUCCEEDED, message="mIoU 0.9999"))
    assert second.reason == Reason.REUSED
    assert second.message == "the same run was published on 2026-03-01T00:00:00Z: mIoU 0.9235"
    assert second.artifacts == first.artifacts


def test_own_manifests_found_again_are_no_reuse(tmp_path: Path) -> None:
    run(tmp_path, "pod-1")
    assert run(tmp_path, "pod-1").reason == Reason.SUCCEEDED


def test_published_measurement_is_found_again(tmp_path: Path) -> None:
    run(tmp_path, "pod-1")
    found = find_measurement(STORAGE, place(tmp_path, "pod-2"), KEYS)
    assert found is not None
    assert (found.reason, found.metrics) == (Reason.REUSED, METRICS)
    assert found.message == "the same run was published on 2026-03-01T00:00:00Z: mIoU 0.9235"


def test_published_weights_are_measured_again_under_another_measurement_key(tmp_path: Path) -> None:
    run(tmp_path, "pod-1")
    other = replace(KEYS, measurement="f" * 16)
    where = place(tmp_path, "pod-2")
    assert find_measurement(STORAGE, where, other) is None
    model = find_model(STORAGE, where, KEYS.model, tmp_path)
    assert model is not None
    result = measure(tmp_path, where, model, keys=other)
    assert result.reason == Reason.REUSED
    assert result.message == (
        "the model was published on 2026-03-01T00:00:00Z; measured on another CPU: mIoU 0.9235"
    )


def test_published_weights_that_miss_a_gate_end_in_its_reason(tmp_path: Path) -> None:
    run(tmp_path, "pod-1")
    model = find_model(STORAGE, place(tmp_path, "pod-2"), KEYS.model, tmp_path)
    assert model is not None
    other = replace(KEYS, measurement="f" * 16)
    result = measure(tmp_path, place(tmp_path, "pod-2"), model, MISSED, other)
    assert (result.reason, result.message) == (MISSED.reason, MISSED.message)


def test_missed_gate_is_missed_again(tmp_path: Path) -> None:
    run(tmp_path, "pod-1", MISSED)
    assert manifest_at(tmp_path, MEASUREMENT)["accepted"] is False
    found = find_measurement(STORAGE, place(tmp_path, "pod-2"), KEYS)
    assert found is not None
    assert (found.reason, found.message, found.metrics) == (MISSED.reason, MISSED.message, METRICS)


def test_what_is_not_published_is_not_found(tmp_path: Path) -> None:
    where = place(tmp_path, "pod-1")
    assert find_measurement(STORAGE, where, KEYS) is None
    assert find_model(STORAGE, where, KEYS.model, tmp_path) is None


def test_weights_of_a_long_training_are_found_again(tmp_path: Path) -> None:
    evaluation = EvaluationRecord(iteration=100000, miou=0.9234567890123456, ratio=0.75, eligible=True)
    long = TRAINING.model_copy(update={"history": (evaluation,) * 10_000})
    train(tmp_path, place(tmp_path, "pod-1"), training=long)
    found = find_model(STORAGE, place(tmp_path, "pod-2"), KEYS.model, tmp_path)
    assert found is not None
    assert found.manifest.training == long

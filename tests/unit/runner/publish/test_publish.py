import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.contract import RunResult
from segcompress_api.job import JobSpec
from segcompress_api.status import Artifact, Metrics, ModelFigures
from segcompress_runner.errors import InputNotFoundError, InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.outputs.manifests import EvaluationRecord, Place, TrainingRecord
from segcompress_runner.outputs.output_folder import flat_place
from segcompress_runner.outputs.publish import (
    Measurement,
    PublishedModel,
    Trained,
    Verdict,
    bucket_place,
    find_measurement,
    find_model,
    publish_measurement,
    publish_model,
)
from segcompress_runner.run_key import RunKeys
from segcompress_runner.storage import Address, LocalStorage, parse_address

from .test_figures import spec_with

KEYS = RunKeys(model="0123456789abcdef", measurement="fedcba9876543210")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
METRICS = Metrics(
    baseline=ModelFigures(miou="0.9287", size_bytes=10),
    compressed=ModelFigures(miou="0.9235", size_bytes=10, sparsity="0.7497"),
)
TRAINING = TrainingRecord(
    iterations=40,
    best_iteration=30,
    seconds=12.5,
    processor="a CPU",
    threads=2,
    history=(EvaluationRecord(iteration=30, miou=0.9235, ratio=0.75, eligible=True),),
)
STORAGE = LocalStorage()
SUCCEEDED = Verdict(Reason.SUCCEEDED, "mIoU 0.9235", METRICS, ("a note",))
MISSED = replace(SUCCEEDED, reason=Reason.SPARSITY_NOT_REACHED, message="sparsity 0.15, asked for: 0.90")


def silent(_: int) -> None:
    """Listen to nothing."""


def place(folder: Path, attempt: str) -> Place:
    return bucket_place(Address("file", "", str(folder / "out")), KEYS.model, attempt)


def flat(folder: Path, attempt: str) -> Place:
    return flat_place(Address("file", "", str(folder / "out")), attempt)


def train(
    folder: Path, where: Place, key: str = KEYS.model, training: TrainingRecord = TRAINING
) -> PublishedModel:
    """Publish a model whose files hold the attempt's name."""
    made = folder / f"made-{where.attempt}"
    made.mkdir(exist_ok=True)
    for name in ("model.pdmodel", "model.pdiparams"):
        (made / name).write_text(where.attempt)
    files = ModelFiles(made / "model.pdmodel", made / "model.pdiparams")
    trained = Trained(key, files, training, NOW)
    return publish_model(STORAGE, where, trained, folder / "fetched", silent)


def measure(
    folder: Path, where: Place, model: PublishedModel, verdict: Verdict = SUCCEEDED, keys: RunKeys = KEYS
) -> RunResult:
    """Publish a measurement of `model`, whose report holds the attempt's name."""
    report = folder / f"report-{where.attempt}"
    report.write_text(where.attempt)
    files = {"model.onnx": report, "result.json": report, "report.html": report}
    measured = Measurement(keys, model, verdict, "another CPU", 1, files, NOW)
    return publish_measurement(STORAGE, where, measured, silent)


def run(folder: Path, attempt: str, verdict: Verdict = SUCCEEDED) -> RunResult:
    return measure(folder, place(folder, attempt), train(folder, place(folder, attempt)), verdict)


def without_pruning(training: TrainingRecord) -> TrainingRecord:
    """Return the record of a training that prunes nothing."""
    history = tuple(evaluation.model_copy(update={"ratio": None}) for evaluation in training.history)
    return training.model_copy(update={"history": history})


def manifest_at(folder: Path, path: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "out" / KEYS.model / path).read_text())
    return found


MEASUREMENT = f"measurements/{KEYS.measurement}/manifest.json"


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
    assert JobSpec.model_validate(spec_with().model_dump() | {"output": {"uri": uri}}).output.uri == uri
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


REMEDY = rf"remove file://.*/out/{KEYS.model} to run again"


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


def test_weights_of_a_long_training_are_found_again(tmp_path: Path) -> None:
    evaluation = EvaluationRecord(iteration=100000, miou=0.9234567890123456, ratio=0.75, eligible=True)
    long = TRAINING.model_copy(update={"history": (evaluation,) * 10_000})
    train(tmp_path, place(tmp_path, "pod-1"), training=long)
    found = find_model(STORAGE, place(tmp_path, "pod-2"), KEYS.model, tmp_path)
    assert found is not None
    assert found.manifest.training == long


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

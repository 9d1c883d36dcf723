"""Models and measurements that are published into a folder, named after the attempt that made them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from segcompress_api.conditions import Reason
from segcompress_api.contract import RunResult
from segcompress_api.status import Metrics, ModelFigures
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.outputs.manifests import EvaluationRecord, Place, TrainingRecord
from segcompress_runner.outputs.output_folder import flat_place
from segcompress_runner.outputs.publish import (
    Measurement,
    PublishedModel,
    Trained,
    Verdict,
    bucket_place,
    publish_measurement,
    publish_model,
)
from segcompress_runner.run_key import RunKeys
from segcompress_runner.storage import Address, LocalStorage

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


def manifest_at(folder: Path, path: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "out" / KEYS.model / path).read_text())
    return found


MEASUREMENT = f"measurements/{KEYS.measurement}/manifest.json"
REMEDY = rf"remove file://.*/out/{KEYS.model} to run again"

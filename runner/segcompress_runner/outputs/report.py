"""The files that tell of a run: result.json with everything that was measured, table and page for people."""

import hashlib
import json
import math
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segcompress_api.job import JobSpec
from segcompress_api.status import figure
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.benchmark import Comparison
from segcompress_runner.measurement.judged import GateResult
from segcompress_runner.measurement.variants import Checked, describe
from segcompress_runner.measurement.worst import Example
from segcompress_runner.outputs import table
from segcompress_runner.outputs.figures import LATENCY_PLACES, MIOU_PLACES, Measurements, class_name
from segcompress_runner.outputs.file_names import REPORT, RESULT, TABLE
from segcompress_runner.outputs.html import wording
from segcompress_runner.outputs.html.page import render
from segcompress_runner.outputs.html.panels import panels
from segcompress_runner.outputs.manifests import ModelManifest, describe_files
from segcompress_runner.outputs.packing import packed_bytes
from segcompress_runner.outputs.publish import Verdict
from segcompress_runner.outputs.recommendation import Recommendation
from segcompress_runner.plain import plain
from segcompress_runner.processor import Processor
from segcompress_runner.provenance import RUNNER_VERSION, Provenance
from segcompress_runner.run_key import InputDigests, RunKeys


@dataclass(frozen=True)
class Context:
    """How the run was run."""

    keys: RunKeys
    attempt: str
    threads: int
    device: str
    stage_seconds: Mapping[str, float]
    software: Provenance
    inputs: InputDigests


@dataclass(frozen=True)
class Document:
    """Everything that result.json tells."""

    spec: JobSpec
    measured: Measurements
    model: ModelManifest
    verdict: Verdict
    gates: tuple[GateResult, ...]
    context: Context
    recommended: Recommendation | None


def write(into: Path, document: Document) -> dict[str, Path]:
    """Write result.json, table.md and report.html; return the measurement's files, by published name."""
    into.mkdir(parents=True, exist_ok=True)
    result, markdown, page = into / RESULT, into / TABLE, into / REPORT
    text = serialised(document)
    result.write_text(text)
    markdown.write_text(_markdown(document))
    ignored = document.spec.dataset.ignore_index
    page.write_text(render(json.loads(text), [panels(one, ignored) for one in document.measured.examples]))
    return {**document.measured.exported.files, RESULT: result, TABLE: markdown, REPORT: page}


def serialised(document: Document) -> str:
    """Return the text of result.json."""
    return json.dumps(_finite(result_json(document)), indent=2, allow_nan=False) + "\n"


def result_json(document: Document) -> dict[str, Any]:
    """Return everything that was measured, and what it was measured with."""
    measured, verdict = document.measured, document.verdict
    return {
        "accepted": verdict.accepted,
        "reason": verdict.reason,
        "message": verdict.message,
        "metrics": verdict.metrics.to_wire(),
        "gates": plain(document.gates),
        "notes": list(verdict.notes),
        "classes": _classes(document.spec, measured),
        "scores": {
            "baseline": [_checked(one, measured.model) for one in measured.baseline],
            "compressed": [_checked(one, measured.compressed_model) for one in measured.compressed],
        },
        "latencies": [
            {
                **plain(compared),
                "reference": compared.reference.variant,
                "deployed": compared.deployed.variant,
                "speedup": compared.speedup,
            }
            for compared in measured.latencies
        ],
        "recommended": plain(document.recommended),
        "exports": plain(measured.exported.parities),
        "sparsity": plain(measured.sparsity),
        "macs": plain(measured.macs),
        "packedBytes": {
            "baseline": packed_bytes(measured.model.params),
            "compressed": packed_bytes(measured.compressed_model.params),
        },
        "pictures": [_picture(one) for one in measured.examples],
        "training": _training(document.model),
        "files": _files(document),
        "run": _run(document),
        "versions": {"segcompress": RUNNER_VERSION, **document.context.software.measurement.packages},
        "machine": _machine(measured.processor),
    }


def _classes(spec: JobSpec, measured: Measurements) -> list[dict[str, Any]]:
    reported = measured.reported(spec.benchmark.runtimes[0])
    return [
        {
            "id": index,
            "name": class_name(spec, index),
            "baselineIou": reported.baseline.scores.class_iou[index],
            "compressedIou": reported.compressed.scores.class_iou[index],
            "baselineBoundaryIou": reported.baseline.boundary.classes[index],
            "compressedBoundaryIou": reported.compressed.boundary.classes[index],
        }
        for index in range(spec.dataset.num_classes)
    ]


def _checked(one: Checked, model: ModelFiles) -> dict[str, Any]:
    variant = one.variant
    return {
        "runtime": variant.runtime,
        "variant": variant.name,
        "device": variant.device,
        "int8": variant.int8,
        "size_bytes": variant.size_bytes,
        "how": describe(variant.runtime, variant.name, model),
        **plain(one.scores),
        "boundary_iou": one.boundary.mean,
        "class_boundary_iou": list(one.boundary.classes),
    }


def _markdown(document: Document) -> str:
    metrics = document.verdict.metrics
    parts = [table.markdown(table.HEADER, table.rows(metrics)), table.caption(metrics)]
    latencies = [_latency_rows(comparison) for comparison in document.measured.latencies]
    header = ("runtime", "model", "p50, ms", "p90, ms", "mIoU")
    parts.append(table.markdown(header, [row for rows in latencies for row in rows]))
    return "\n\n".join(parts) + "\n"


def _latency_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    sides = {"baseline": comparison.baseline, "compressed": comparison.compressed}
    measured = [(model, one) for model, latencies in sides.items() for one in latencies]
    return [
        (
            comparison.runtime,
            f"{model}, {one.variant}, {one.device}, {wording.precision(int8=one.int8, floats=one.precision)}",
            figure(one.p50_ms, LATENCY_PLACES),
            figure(one.p90_ms, LATENCY_PLACES),
            figure(one.miou, MIOU_PLACES),
        )
        for model, one in measured
    ]


def _training(model: ModelManifest) -> dict[str, Any]:
    return {"published": model.published, "attempt": model.attempt, **model.training.to_wire()}


def _run(document: Document) -> dict[str, Any]:
    context = document.context
    return {
        "modelKey": context.keys.model,
        "measurementKey": context.keys.measurement,
        "attempt": context.attempt,
        "threads": context.threads,
        "device": context.device,
        "stageSeconds": dict(context.stage_seconds),
        "weightsCode": context.software.weights.code,
        "code": context.software.measurement.code,
        "inputs": described_inputs(context.inputs),
        "seed": document.spec.seed,
        "spec": document.spec.to_wire(),
    }


def described_inputs(inputs: InputDigests) -> dict[str, Any]:
    """Return the inputs' digests, one for all pictures: there may be many thousands."""
    pictures = "".join(f"{digest}  {name}\n" for name, digest in inputs.pictures)
    return {
        "model": dict(inputs.model),
        "lists": dict(inputs.lists),
        "pictures": {
            "count": len(inputs.pictures),
            "sha256": hashlib.sha256(pictures.encode()).hexdigest(),
        },
    }


def _files(document: Document) -> list[dict[str, Any]]:
    """Return the published model and its exports with their digests."""
    exports = describe_files(document.measured.exported.files, "")
    return [
        {"name": file.name, "sha256": file.sha256, "sizeBytes": file.size_bytes}
        for file in (*document.model.files, *exports)
    ]


def _picture(one: Example) -> dict[str, Any]:
    wrong = one.wrong
    return {
        "name": one.name,
        "pixels": wrong.pixels,
        "baselineWrong": wrong.baseline,
        "compressedWrong": wrong.compressed,
    }


def _machine(processor: Processor) -> dict[str, Any]:
    return {
        "cpu": processor.cpu,
        "gpu": processor.gpu,
        "cores": os.cpu_count(),
        "system": platform.platform(),
    }


def _finite(value: Any) -> Any:
    """Return `value` with null in place of NaN and infinity, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

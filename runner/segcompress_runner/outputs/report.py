"""What was measured, put into the words of the contract: metrics, verdict, result.json, the table."""

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from segcompress_api.act_settings import ActSettings
from segcompress_api.conditions import Reason
from segcompress_api.job import JobSpec, RuntimeName
from segcompress_api.status import Metrics, ModelFigures, WorstClass, figure
from segcompress_runner.compression.training import Compressed
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.benchmark import Comparison, Latency
from segcompress_runner.measurement.evaluation import Scores
from segcompress_runner.measurement.gates import GateResult, Measured, check_gates
from segcompress_runner.measurement.sparsity import Sparsity
from segcompress_runner.measurement.variants import DESCRIPTIONS, Checked
from segcompress_runner.outputs import table
from segcompress_runner.outputs.publish import ONNX, PARAMS, PROGRAM, RESULT, TABLE, Verdict
from segcompress_runner.plain import plain
from segcompress_runner.run_key import RUNNER_VERSION

_PACKAGES = (
    "paddlepaddle",
    "paddlepaddle-gpu",
    "paddleslim",
    "paddleseg",
    "paddle2onnx",
    "onnxruntime",
    "numpy",
)
_MIOU, _LATENCY, _RATIO = 4, 3, 4
"""Decimal places."""

_NOTES = 8


@dataclass(frozen=True)
class Measurements:
    """Both models, evaluated by the same code on the same pictures, in every variant that was asked for."""

    model: ModelFiles
    training: Compressed
    baseline: Sequence[Checked]
    compressed: Sequence[Checked]
    sparsity: Sparsity | None
    onnx_file: Path | None
    latencies: Sequence[Comparison]

    def reported(self, runtime: RuntimeName) -> "Reported":
        """Return what is said of both models on one runtime: scores and latency are of the same variant."""
        compared = next(c for c in self.latencies if c.runtime == runtime)
        return Reported(
            comparison=compared,
            baseline=_scores(self.baseline, runtime, compared.baseline.variant),
            compressed=_scores(self.compressed, runtime, compared.fastest.variant),
        )


@dataclass(frozen=True)
class Reported:
    """One runtime's latencies, and the scores of the two variants that are reported."""

    comparison: Comparison
    baseline: Scores
    compressed: Scores


@dataclass(frozen=True)
class Context:
    """How the run was run."""

    run_key: str
    attempt: str
    threads: int
    device: str
    stage_seconds: Mapping[str, float]


def metrics_of(spec: JobSpec, measured: Measurements) -> Metrics:
    """Return the figures for the resource's status: those of the first runtime, in its fastest variant."""
    told = measured.reported(spec.benchmark.runtimes[0])
    before, after, compared = told.baseline, told.compressed, told.comparison
    return Metrics(
        baseline=_model(before, measured.model, compared.baseline, None),
        compressed=_model(after, measured.training.files, compared.fastest, measured.sparsity),
        runtime=compared.runtime,
        miou_drop=figure(before.miou - after.miou, _MIOU),
        speedup=figure(compared.speedup, _RATIO),
        worst_class=_worst(spec, before, after),
    )


def judge(
    spec: JobSpec, settings: ActSettings, measured: Measurements
) -> tuple[Verdict, tuple[GateResult, ...]]:
    """Hold the figures against the gates: the first that is missed names the run's end."""
    metrics = metrics_of(spec, measured)
    gates = check_gates(_gated(spec, measured), spec.acceptance, settings)
    notes = (*settings.notes, _advice(measured))[:_NOTES]
    missed = [gate for gate in gates if not gate.passed]
    if not missed:
        return Verdict(Reason.SUCCEEDED, summary(metrics), metrics, notes), gates
    message = "; ".join(gate.message for gate in missed)[:1024]
    return Verdict(missed[0].reason, message, metrics, notes), gates


def _gated(spec: JobSpec, measured: Measurements) -> Measured:
    """Return what the gates look at: the saved model as Paddle runs it, and its ONNX file."""
    runtimes = spec.benchmark.runtimes
    if "PaddleInference" in runtimes:
        told = measured.reported("PaddleInference")
        before, after = told.baseline, told.compressed
    else:
        before, after = measured.baseline[0].scores, measured.compressed[0].scores
    return Measured(
        baseline_miou=before.miou,
        compressed_miou=after.miou,
        sparsity=measured.sparsity.pruned_layers if measured.sparsity else None,
        onnx_miou=measured.reported("ONNXRuntime").compressed.miou if "ONNXRuntime" in runtimes else None,
    )


def _advice(measured: Measurements) -> str:
    """Return which runtime to deploy on, as measured on this machine."""
    best = min(measured.latencies, key=lambda comparison: comparison.fastest.p50_ms)
    fastest = best.fastest
    how = DESCRIPTIONS[fastest.runtime, fastest.variant]
    return (
        f"fastest as measured here: {fastest.runtime}, {figure(fastest.p50_ms, _LATENCY)} ms "
        f"({figure(best.speedup, 2)} times the baseline's speed there; {how})"
    )


def _scores(checked: Sequence[Checked], runtime: RuntimeName, variant: str) -> Scores:
    return next(one.scores for one in checked if one.variant.key == (runtime, variant))


def summary(metrics: Metrics) -> str:
    """Return the figures in one sentence."""
    compressed = metrics.compressed
    if compressed is None:
        return f"mIoU {metrics.baseline.miou}"
    parts = [f"mIoU {compressed.miou} (baseline {metrics.baseline.miou})"]
    if compressed.sparsity is not None:
        parts.append(f"sparsity {compressed.sparsity}")
    if compressed.latency_ms is not None:
        parts.append(
            f"{compressed.latency_ms} ms on {metrics.runtime} (baseline {metrics.baseline.latency_ms} ms)"
        )
    return ", ".join(parts)


@dataclass(frozen=True)
class Document:
    """Everything that result.json tells."""

    spec: JobSpec
    settings: ActSettings
    measured: Measurements
    verdict: Verdict
    gates: tuple[GateResult, ...]
    context: Context


def write(into: Path, document: Document) -> dict[str, Path]:
    """Write result.json and table.md under `into`; return every file to publish, by its published name."""
    into.mkdir(parents=True, exist_ok=True)
    result, markdown = into / RESULT, into / TABLE
    result.write_text(json.dumps(_finite(result_json(document)), indent=2, allow_nan=False) + "\n")
    markdown.write_text(_markdown(document))
    measured = document.measured
    files = {PROGRAM: measured.training.files.program, PARAMS: measured.training.files.params}
    if measured.onnx_file is not None:
        files[ONNX] = measured.onnx_file
    return {**files, RESULT: result, TABLE: markdown}


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
            "baseline": [_checked(one) for one in measured.baseline],
            "compressed": [_checked(one) for one in measured.compressed],
        },
        "latencies": [
            {**plain(compared), "fastest": compared.fastest.variant, "speedup": compared.speedup}
            for compared in measured.latencies
        ],
        "sparsity": plain(measured.sparsity),
        "training": {
            "iterations": measured.training.iterations,
            "bestIteration": measured.training.best_iteration,
            "seconds": measured.training.seconds,
            "history": plain(measured.training.history),
        },
        "run": {**plain(document.context), "seed": document.spec.seed, "spec": document.spec.to_wire()},
        "machine": _machine(),
        "versions": _versions(),
    }


def _model(scores: Scores, files: ModelFiles, latency: Latency, sparsity: Sparsity | None) -> ModelFigures:
    return ModelFigures(
        miou=figure(scores.miou, _MIOU),
        latency_ms=figure(latency.p50_ms, _LATENCY),
        size_bytes=files.params.stat().st_size,
        sparsity=figure(sparsity.pruned_layers, _RATIO) if sparsity else None,
    )


def _worst(spec: JobSpec, before: Scores, after: Scores) -> WorstClass | None:
    drops = [b - a for b, a in zip(before.class_iou, after.class_iou, strict=True)]
    known = [index for index, drop in enumerate(drops) if math.isfinite(drop)]
    if not known:
        return None
    worst = max(known, key=lambda index: drops[index])
    return WorstClass(id=worst, name=_class_name(spec, worst), iou_drop=figure(drops[worst], _MIOU))


def _class_name(spec: JobSpec, index: int) -> str:
    return spec.dataset.class_names[index] if spec.dataset.class_names else ""


def _classes(spec: JobSpec, measured: Measurements) -> list[dict[str, Any]]:
    told = measured.reported(spec.benchmark.runtimes[0])
    return [
        {
            "id": index,
            "name": _class_name(spec, index),
            "baselineIou": told.baseline.class_iou[index],
            "compressedIou": told.compressed.class_iou[index],
        }
        for index in range(spec.dataset.num_classes)
    ]


def _checked(one: Checked) -> dict[str, Any]:
    how = DESCRIPTIONS[one.variant.key]
    return {
        "runtime": one.variant.runtime,
        "variant": one.variant.name,
        "how": how,
        **plain(one.scores),
    }


def _markdown(document: Document) -> str:
    metrics = document.verdict.metrics
    parts = [table.markdown(table.HEADER, table.rows(metrics)), table.caption(metrics)]
    latencies = [_latency_rows(comparison) for comparison in document.measured.latencies]
    header = ("runtime", "model", "p50, ms", "p90, ms")
    parts.append(table.markdown(header, [row for rows in latencies for row in rows]))
    return "\n\n".join(parts) + "\n"


def _latency_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    measured = [("baseline", comparison.baseline), *(("compressed", one) for one in comparison.compressed)]
    return [
        (
            comparison.runtime,
            f"{model}, {one.variant}",
            figure(one.p50_ms, _LATENCY),
            figure(one.p90_ms, _LATENCY),
        )
        for model, one in measured
    ]


def _machine() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _versions() -> dict[str, str]:
    found = {"segcompress": RUNNER_VERSION}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _finite(value: Any) -> Any:
    """Return `value` with null for what is no number: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

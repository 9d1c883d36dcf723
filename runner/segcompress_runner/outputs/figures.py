"""What was measured, put into the contract's words: the resource's metrics, and how the run ended. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcompress_api.conditions import Reason
from segcompress_api.status import Metrics, ModelFigures, WorstClass, figure
from segcompress_runner.measurement.gates import check_gates, default_gates, why_not
from segcompress_runner.measurement.judged import Deployed, Figures, GateResult, Measured, Speedup
from segcompress_runner.measurement.runtimes.table import artefacts
from segcompress_runner.outputs.publish import Verdict
from segcompress_runner.outputs.recommendation import Recommendation, recommendation

if TYPE_CHECKING:  # these import Paddle, which figures need not
    from collections.abc import Sequence

    from segcompress_api.act_settings import ActSettings
    from segcompress_api.benchmark import RuntimeName
    from segcompress_api.job import ExportName, JobSpec
    from segcompress_runner.inputs.model import ModelFiles
    from segcompress_runner.measurement.benchmark import Comparison, Latency
    from segcompress_runner.measurement.evaluation import Scores
    from segcompress_runner.measurement.macs import Macs
    from segcompress_runner.measurement.sparsity import Sparsity
    from segcompress_runner.measurement.variants import Checked
    from segcompress_runner.measurement.worst import Example
    from segcompress_runner.outputs.artefacts import Exported
    from segcompress_runner.processor import Processor

MIOU_PLACES, LATENCY_PLACES, RATIO_PLACES = 4, 3, 4
_NOTES = 8


@dataclass(frozen=True)
class Measurements:
    """Both models, evaluated by the same code on the same pictures, in every variant that was asked for."""

    model: ModelFiles
    compressed_model: ModelFiles
    baseline: Sequence[Checked]
    compressed: Sequence[Checked]
    sparsity: Sparsity | None
    exported: Exported
    latencies: Sequence[Comparison]
    processor: Processor
    macs: Macs
    examples: Sequence[Example] = ()

    def reported(self, runtime: RuntimeName) -> Reported:
        """Return what is said of both models on one runtime: scores and latency are of the same variant.

        Where it compares on several devices, of a quantised model the one that computes in int8 is reported.
        """
        compared = [comparison for comparison in self.latencies if comparison.runtime == runtime]
        chosen = max(compared, key=lambda comparison: comparison.deployed.int8)
        return Reported(
            comparison=chosen,
            baseline=_checked(self.baseline, chosen.reference),
            compressed=_checked(self.compressed, chosen.deployed),
        )


@dataclass(frozen=True)
class Reported:
    """One runtime's latencies, and what the two variants that are reported scored."""

    comparison: Comparison
    baseline: Checked
    compressed: Checked


def metrics_of(spec: JobSpec, measured: Measurements) -> Metrics:
    """Return the figures for the resource's status: those of the first runtime, in the variant to deploy."""
    first = measured.reported(spec.benchmark.runtimes[0])
    before, after, compared = first.baseline, first.compressed, first.comparison
    return Metrics(
        baseline=_model(before, measured.model, compared.reference, None),
        compressed=_model(after, measured.compressed_model, compared.deployed, measured.sparsity),
        runtime=compared.runtime,
        variant=compared.deployed.variant,
        processor=_processor(measured.processor, compared.deployed),
        threads=spec.benchmark.threads,
        miou_drop=figure(before.scores.miou - after.scores.miou, MIOU_PLACES),
        boundary_iou_drop=figure(before.boundary.mean - after.boundary.mean, MIOU_PLACES),
        speedup=figure(compared.speedup, RATIO_PLACES),
        worst_class=_worst(spec, before.scores, after.scores),
    )


def judge(
    spec: JobSpec, settings: ActSettings, measured: Measurements
) -> tuple[Verdict, tuple[GateResult, ...]]:
    """Hold the figures against the gates: the first that is missed names the run's end."""
    metrics = metrics_of(spec, measured)
    gates = _gates(spec, settings, measured, spec.benchmark.runtimes, spec.exports)
    recommended = recommend(spec, settings, measured)
    advice = () if recommended is None else (_advice(recommended),)
    notes = (*settings.notes, *advice)[:_NOTES]
    missed = [gate for gate in gates if not gate.passed]
    if not missed:
        message = f"{summary(metrics)}; gates by default: {default_gates(spec.acceptance)}"
        return Verdict(Reason.SUCCEEDED, message, metrics, notes), gates
    return Verdict(missed[0].reason, why_not(missed), metrics, notes), gates


def _processor(processor: Processor, latency: Latency) -> str:
    """Return what a latency was measured on: ONNX Runtime uses the CPU, whatever Paddle uses."""
    return (processor.gpu if latency.device == "GPU" else None) or processor.cpu


def _gates(
    spec: JobSpec,
    settings: ActSettings,
    measured: Measurements,
    runtimes: Sequence[RuntimeName],
    exports: Sequence[ExportName] = (),
) -> tuple[GateResult, ...]:
    """Return the verdict of every gate on what those runtimes run, and on those exports."""
    gated = _gated(measured, runtimes, artefacts(runtimes, exports))
    return check_gates(gated, spec.acceptance, settings, spec.dataset.class_names)


def _gated(measured: Measurements, runtimes: Sequence[RuntimeName], loaded: Sequence[ExportName]) -> Measured:
    """Return what the gates look at: both models as each runtime runs them, what is loaded, and the zeros."""
    reported = [measured.reported(runtime) for runtime in runtimes]
    return Measured(
        deployed=tuple(
            Deployed(
                runtime=one.comparison.runtime,
                variant=one.comparison.deployed.variant,
                baseline=_figures(one.baseline),
                compressed=_figures(one.compressed),
                speedup=Speedup(one.comparison.speedup, one.comparison.interval),
            )
            for one in reported
        ),
        sparsity=measured.sparsity.pruned_layers if measured.sparsity else None,
        unfit=measured.sparsity.unfit if measured.sparsity else (),
        parities=tuple(parity for parity in measured.exported.parities if parity.artefact in loaded),
    )


def _figures(checked: Checked) -> Figures:
    return Figures(
        miou=checked.scores.miou,
        class_iou=checked.scores.class_iou,
        boundary_iou=checked.boundary.mean,
        size_bytes=checked.variant.size_bytes,
    )


def recommend(spec: JobSpec, settings: ActSettings, measured: Measurements) -> Recommendation | None:
    """Return the fastest runtime, as measured on this machine, of those that pass every gate."""
    compared = [
        measured.reported(runtime).comparison
        for runtime in spec.benchmark.runtimes
        if all(gate.passed for gate in _gates(spec, settings, measured, (runtime,)))
    ]
    if not compared:
        return None
    best = min(compared, key=lambda comparison: comparison.deployed.p50_ms)
    return recommendation(best, measured.compressed_model, spec.benchmark.threads)


def _advice(recommended: Recommendation) -> str:
    return (
        f"fastest as measured here: {recommended.runtime}, {figure(recommended.p50_ms, LATENCY_PLACES)} ms "
        f"({figure(recommended.speedup, 2)} times the baseline's speed there; {recommended.how})"
    )


def _checked(several: Sequence[Checked], latency: Latency) -> Checked:
    wanted = (latency.runtime, latency.variant)
    return next(one for one in several if (one.variant.runtime, one.variant.name) == wanted)


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


def _model(checked: Checked, files: ModelFiles, latency: Latency, sparsity: Sparsity | None) -> ModelFigures:
    return ModelFigures(
        miou=figure(checked.scores.miou, MIOU_PLACES),
        boundary_iou=figure(checked.boundary.mean, MIOU_PLACES),
        latency_ms=figure(latency.p50_ms, LATENCY_PLACES),
        size_bytes=files.params.stat().st_size,
        sparsity=figure(sparsity.pruned_layers, RATIO_PLACES) if sparsity else None,
    )


def _worst(spec: JobSpec, before: Scores, after: Scores) -> WorstClass | None:
    drops = [b - a for b, a in zip(before.class_iou, after.class_iou, strict=True)]
    known = [index for index, drop in enumerate(drops) if math.isfinite(drop)]
    if not known:
        return None
    worst = max(known, key=lambda index: drops[index])
    return WorstClass(id=worst, name=class_name(spec, worst), iou_drop=figure(drops[worst], MIOU_PLACES))


def class_name(spec: JobSpec, index: int) -> str:
    """Return a class's name, empty where the dataset names none."""
    return spec.dataset.class_names[index] if spec.dataset.class_names else ""

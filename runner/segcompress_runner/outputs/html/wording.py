"""What the report says, row by row: result.json in people's words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

import yaml

from segcompress_runner.outputs.html.units import NONE, count, percent, share, signed, size, times

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Lead:
    """Whether the model is accepted, and in one sentence why."""

    accepted: bool
    headline: str
    sentence: str


@dataclass(frozen=True)
class FigureRow:
    """One figure of both models, and what changed."""

    name: str
    baseline: str
    compressed: str
    change: str


@dataclass(frozen=True)
class GateRow:
    """One gate: what it holds, what was asked for and what was measured, in words."""

    gate: str
    asked: str
    measured: str
    passed: bool
    default: bool


@dataclass(frozen=True)
class ClassRow:
    """One class before and after, and the same along its boundary."""

    id: int
    label: str
    before: float
    after: float
    boundary_before: float
    boundary_after: float

    @property
    def change(self) -> float:
        """Return what was gained, below 0 where it was lost."""
        return self.after - self.before

    @property
    def boundary_change(self) -> float:
        """Return the same of its boundary."""
        return self.boundary_after - self.boundary_before


@dataclass(frozen=True)
class PictureRow:
    """A picture that got worse: shares of its pixels that are wrong, in words."""

    name: str
    baseline: str
    compressed: str


@dataclass(frozen=True)
class LatencyRow:
    """One model in one variant of one runtime; milliseconds."""

    label: str
    precision: str
    is_baseline: bool
    chosen: bool
    """Whether it is the one of several variants that is judged, and to be deployed on this runtime."""
    p10: float
    p50: float
    p90: float
    mean: float
    queries: int
    miou: float
    how: str


def title(result: Result) -> str:
    """Return what was compressed, and how."""
    spec = result["run"]["spec"]
    others = {"Distillation", "Global", "TrainConfig"}
    sections = [
        name
        for name, section in spec["strategy"].items()
        if isinstance(section, Mapping) and name not in others
    ]
    model = spec["model"]
    source = model["inference"]["uri"] if "inference" in model else model["paddleseg"]["weightsUri"]
    return f"{' and '.join(sections) or 'Distillation'} of {source}"


def verdict(result: Result) -> Lead:
    """Return the verdict, and which gate was missed first."""
    gates = result["gates"]
    missed = [gate["message"] for gate in gates if not gate["passed"]]
    if result["accepted"]:
        return Lead(
            accepted=True, headline="Accepted", sentence=f"All {len(gates)} gates passed: {summary(result)}."
        )
    first = missed[0] if missed else result["message"]
    lead = f"{len(missed)} of {len(gates)} gates missed" + ("; the first" if len(missed) > 1 else "")
    return Lead(accepted=False, headline="Not accepted", sentence=f"{lead}: {first}.")


def summary(result: Result) -> str:
    """Return what was gained and what it cost, in one clause."""
    metrics = result["metrics"]
    drop = Decimal(metrics["miouDrop"])
    cost = f"mIoU fell by {drop}" if drop > 0 else f"mIoU rose by {-drop}" if drop < 0 else "mIoU is the same"
    return f"{cost}, the file is {_size_change(metrics)} and the model {_speed_change(metrics)}"


def figure_rows(result: Result) -> list[FigureRow]:
    """Return the figures of both models side by side: accuracy, latency, sizes, sparsity, speed-up."""
    metrics = result["metrics"]
    before, after = metrics["baseline"], metrics["compressed"]
    packed, macs = result["packedBytes"], result["macs"]
    return [
        FigureRow("mIoU", before["miou"], after["miou"], signed(-float(metrics["miouDrop"]), 4)),
        FigureRow(
            "Boundary IoU",
            before["boundaryIou"],
            after["boundaryIou"],
            signed(-float(metrics["boundaryIouDrop"]), 4),
        ),
        FigureRow(
            "Latency",
            _milliseconds(before),
            _milliseconds(after),
            percent(before.get("latencyMs"), after.get("latencyMs")),
        ),
        FigureRow(
            "Size",
            size(before["sizeBytes"]),
            size(after["sizeBytes"]),
            percent(before["sizeBytes"], after["sizeBytes"]),
        ),
        FigureRow(
            "Size, packed",
            size(packed["baseline"]),
            size(packed["compressed"]),
            percent(packed["baseline"], packed["compressed"]),
        ),
        FigureRow(
            "Multiply-adds",
            count(macs["baseline"]),
            count(macs["compressed"]),
            percent(macs["baseline"], macs["compressed"]),
        ),
        FigureRow("Sparsity", NONE, share(after.get("sparsity")), ""),
        FigureRow("Speed-up", "1×", times(metrics.get("speedup")), _speedup_interval(result)),
    ]


def gate_rows(result: Result) -> list[GateRow]:
    """Return the gates, worst first: missed ones, then those that were passed most narrowly."""
    ordered = sorted(result["gates"], key=lambda one: (one["passed"], one["left"]))
    return [GateRow(**{field.name: one[field.name] for field in fields(GateRow)}) for one in ordered]


def class_rows(result: Result) -> list[ClassRow]:
    """Return the classes, those that lost most first."""
    keys = ("baselineIou", "compressedIou", "baselineBoundaryIou", "compressedBoundaryIou")
    rows = [
        ClassRow(one["id"], one["name"] or f"class {one['id']}", *(one[key] for key in keys))
        for one in result["classes"]
    ]
    return sorted(rows, key=lambda row: (row.change, row.id))


def picture_rows(result: Result) -> list[PictureRow]:
    """Return the pictures that got worst, in the result's order."""
    return [
        PictureRow(
            one["name"],
            *(f"{one[key] / max(one['pixels'], 1):.2%}" for key in ("baselineWrong", "compressedWrong")),
        )
        for one in result["pictures"]
    ]


def latency_rows(result: Result) -> list[LatencyRow]:
    """Return every model and variant, grouped by runtime."""
    how = {
        (one["runtime"], one["variant"]): one["how"] for group in result["scores"].values() for one in group
    }
    rows = []
    for compared in result["latencies"]:
        several, deployed = len(compared["compressed"]) > 1, compared["deployed"]
        rows += [_latency(one, how, baseline=True) for one in compared["baseline"]]
        rows += [
            _latency(one, how, chosen=several and one["variant"] == deployed)
            for one in compared["compressed"]
        ]
    return rows


def precision(*, int8: bool, floats: str) -> str:
    """Return what a model was computed in."""
    return f"int8, rest {floats}" if int8 else floats


def settings(result: Result) -> str:
    """Return the whole spec as YAML."""
    return yaml.safe_dump(dict(result["run"]["spec"]), sort_keys=False, allow_unicode=True, width=100)


def _milliseconds(model: Mapping[str, Any]) -> str:
    return f"{Decimal(model['latencyMs']):.2f} ms" if "latencyMs" in model else NONE


def _speedup_interval(result: Result) -> str:
    metrics = result["metrics"]
    told = (metrics["runtime"], metrics["variant"])
    compared = next(one for one in result["latencies"] if (one["runtime"], one["deployed"]) == told)
    return f"{compared['interval']['low']:.2f}–{compared['interval']['high']:.2f}"


def _size_change(metrics: Mapping[str, Any]) -> str:
    ratio = metrics["baseline"]["sizeBytes"] / metrics["compressed"]["sizeBytes"]
    if round(ratio, 2) == 1:
        return "as large as before"
    return f"{ratio:.2f} times smaller" if ratio > 1 else f"{1 / ratio:.2f} times larger"


def _speed_change(metrics: Mapping[str, Any]) -> str:
    speedup = Decimal(metrics["speedup"])
    if round(speedup, 2) == 1:
        return f"as fast as before on {metrics['runtime']}"
    word = f"{speedup:.2f} times as fast" if speedup > 1 else f"slower ({speedup:.2f} times the speed)"
    return f"{word} on {metrics['runtime']}"


def _latency(
    one: Mapping[str, Any],
    how: Mapping[tuple[str, str], str],
    *,
    baseline: bool = False,
    chosen: bool = False,
) -> LatencyRow:
    model, device = (
        "baseline" if baseline else "compressed",
        "" if one["device"] == "CPU" else f", {one['device']}",
    )
    return LatencyRow(
        label=f"{one['runtime']} {one['variant']}, {model}{device}",
        precision=precision(int8=one["int8"], floats=one["precision"]),
        is_baseline=baseline,
        chosen=chosen,
        p10=one["p10_ms"],
        p50=one["p50_ms"],
        p90=one["p90_ms"],
        mean=one["mean_ms"],
        queries=one["queries"],
        miou=one["miou"],
        how=how.get((one["runtime"], one["variant"]), ""),
    )

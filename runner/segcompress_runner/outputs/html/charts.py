"""The report's charts, each from result.json alone; None where a run has nothing to show."""

from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from segcompress_runner.outputs.html.svg import (
    BASELINE,
    COMPRESSED,
    INK,
    LINE,
    MUTED,
    PAPER,
    Chart,
    axes,
    chart,
    styled,
)
from segcompress_runner.outputs.html.units import shortened
from segcompress_runner.outputs.html.wording import ClassRow, LatencyRow

Result = Mapping[str, Any]
_CURVE, _LAYERS = 210, 210
"""Heights in points."""


def curves(result: Result) -> list[Chart]:
    """Return loss, mIoU and ratio over the iterations of the training; nothing where there was none."""
    training = result["training"]
    if not training["iterations"]:
        return []
    with styled():
        drawn = [
            _loss(training.get("losses", [])),
            _miou(training["history"], training["bestIteration"], result["metrics"]["baseline"]["miou"]),
            _ratio(training["history"]),
        ]
    return [one for one in drawn if one is not None]


def _loss(points: Sequence[Mapping[str, Any]]) -> Chart | None:
    if not points:
        return None
    area = _over_iterations()
    area.plot(*_columns(points, "iteration", "loss"), color=COMPRESSED, linewidth=1.5, **_dots(points))
    first, last = points[0]["loss"], points[-1]["loss"]
    return chart("loss", area, "Loss", f"Loss of the training, from {first:.4g} to {last:.4g}.")


def _miou(history: Sequence[Mapping[str, Any]], best: int, baseline: str) -> Chart:
    area = _over_iterations()
    area.axhline(float(baseline), color=BASELINE, linewidth=1.5, linestyle=(0, (5, 3)))
    area.plot(*_columns(history, "iteration", "miou"), color=COMPRESSED, linewidth=1.5)
    early = [one for one in history if not one["eligible"]]
    area.plot(*_columns(early, "iteration", "miou"), "o", color=COMPRESSED, markerfacecolor=PAPER)
    # A step that trains nothing is evaluated after the iterations of the one before.
    chosen = next((one for one in reversed(history) if one["iteration"] == best), None)
    if chosen is not None:
        area.plot([best], [chosen["miou"]], "o", color=COMPRESSED, markersize=9)
    shown = f"{chosen['miou']:.4f}" if chosen is not None else "unknown"
    return chart(
        "miou",
        area,
        "mIoU",
        f"mIoU during the training; published: iteration {best} with {shown}; baseline {baseline}.",
    )


def _ratio(history: Sequence[Mapping[str, Any]]) -> Chart | None:
    points = [one for one in history if one.get("ratio") is not None]
    if not points:
        return None
    area = _over_iterations()
    area.plot(*_columns(points, "iteration", "ratio"), color=COMPRESSED, linewidth=1.5, **_dots(points))
    area.set_ylim(0, 1)
    return chart(
        "ratio", area, "Ratio of zeros", f"Ratio in force, up to {max(one['ratio'] for one in points):.2f}."
    )


def classes(rows: Sequence[ClassRow]) -> Chart:
    """Return each class's IoU before and after, in the order of `rows`, joined by a line."""
    with styled():
        area = axes(44 + 22 * len(rows))
        places = range(len(rows))
        before, after = [row.before for row in rows], [row.after for row in rows]
        area.hlines(places, before, after, color=MUTED, linewidth=2)
        area.plot(before, places, "o", color=BASELINE, markerfacecolor=PAPER, markeredgewidth=2, markersize=8)
        area.plot(after, places, "o", color=COMPRESSED, markersize=7)
        _rows(area, [shortened(row.label, 18) for row in rows])
        area.set_xlim(*_tenths(before + after))
        area.set_xlabel("IoU")
        worst = rows[0]
        return chart(
            "classes",
            area,
            "IoU by class",
            f"IoU of {len(rows)} classes before and after; most changed for the worse: {worst.label}, "
            f"{worst.before:.4f} to {worst.after:.4f}.",
        )


def latencies(rows: Sequence[LatencyRow]) -> Chart:
    """Return the median of each model in each variant, with the interval that holds 80 % of the queries."""
    with styled():
        area = axes(40 + 40 * len(rows))
        for place, row in enumerate(rows):
            colour, fill = (BASELINE, PAPER) if row.is_baseline else (COMPRESSED, COMPRESSED)
            area.plot([row.p10, row.p90], [place, place], color=colour, linewidth=3, solid_capstyle="round")
            area.plot([row.p50], [place], "o", color=colour, markerfacecolor=fill, markersize=8)
            label = f"{shortened(row.label, 38)}: {row.p50:.2f} ms"
            area.text(0, place - 0.4, label, color=INK, fontsize=11, va="center")
        _rows(area, [])
        area.grid(visible=False)
        area.set_xlim(0, max(row.p90 for row in rows) * 1.05)
        area.set_ylim(len(rows) - 0.6, -0.75)
        area.set_xlabel("milliseconds")
        fastest = min(rows, key=lambda row: row.p50)
        return chart(
            "latency",
            area,
            "Latency",
            f"Latency of {len(rows)} combinations of model and runtime; the fastest is {fastest.label} "
            f"with {fastest.p50:.2f} ms.",
        )


def layers(result: Result) -> Chart | None:
    """Return the share of zeros of each layer that has more than one dimension, in the network's order."""
    shown = weights(result)
    if not shown:
        return None
    with styled():
        area = axes(_LAYERS)
        area.bar(
            range(1, len(shown) + 1),
            [layer["zeros"] for layer in shown],
            color=[COMPRESSED if layer["pruned"] else MUTED for layer in shown],
            width=0.8,
        )
        area.set_ylim(0, 1)
        area.set_xlabel("layer")
        area.grid(visible=False, axis="x")
        area.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        pruned = [layer for layer in shown if layer["pruned"]]
        return chart(
            "layers",
            area,
            "Share of zeros by layer",
            f"Share of zeros in {len(shown)} layers, {len(pruned)} of which were pruned.",
        )


def weights(result: Result) -> list[Mapping[str, Any]]:
    """Return the layers whose weights have more than one dimension; biases and norms are left out."""
    sparsity = result.get("sparsity")
    return [layer for layer in sparsity["layers"] if len(layer["shape"]) > 1] if sparsity else []


def _over_iterations() -> Axes:
    area = axes(_CURVE)
    area.set_xlabel("iteration")
    area.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    area.yaxis.set_major_locator(MaxNLocator(5))
    return area


def _tenths(values: Sequence[float]) -> tuple[float, float]:
    """Return the tenths around `values`, a little wider so that dots at the ends are whole."""
    return floor(10 * min(values)) / 10 - 0.01, ceil(10 * max(values)) / 10 + 0.01


def _rows(area: Axes, labels: Sequence[str]) -> None:
    """Give each row its label, the first on top."""
    area.set_yticks(range(len(labels)), labels)
    area.set_ylim(len(labels) - 0.5, -0.5)
    area.grid(visible=False, axis="y")
    area.tick_params(axis="y", length=0, labelcolor=INK)
    area.spines["left"].set_visible(False)
    area.spines["bottom"].set_color(LINE)


def _columns(points: Sequence[Mapping[str, Any]], *names: str) -> list[list[Any]]:
    return [[point[name] for point in points] for name in names]


def _dots(points: Sequence[Any]) -> dict[str, Any]:
    """Return a marker where there are too few points for a line."""
    return {"marker": "o", "markersize": 4} if len(points) <= 12 else {}  # noqa: PLR2004

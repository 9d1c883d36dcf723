"""Horizontal parallel coordinates: each axis is a row, which fits a phone, and each trial a line."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes as Area

from segcompress_api.trials import spread
from segcompress_runner.outputs.html.svg import (
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
from segcompress_runner.outputs.html.sweep.figures import label, written
from segcompress_runner.outputs.html.units import shortened
from segcompress_runner.outputs.sweep.axes import Axis, Scale, axis_of, scale_of
from segcompress_runner.outputs.sweep.swept import Swept, SweptTrial

DRAWN = 200
"""Maximum number of lines for trials that are not on the frontier; of more, only some are drawn."""

_ROW = 60
_TICKS = 6
"""Maximum number of values that fit into a row."""


@dataclass(frozen=True)
class _Row:
    """An axis: the position of each trial on it, and the labels below it."""

    name: str
    places: Sequence[float | None]
    ticks: Sequence[tuple[float, str]]


def parallel_chart(swept: Swept) -> Chart | None:
    """Return a chart of the parameters and then the objectives, with a line for each trial with metrics."""
    measured = [one for one in swept.trials if swept.target.values(one.trial) is not None]
    if not measured:
        return None
    rest = [one for one in measured if swept.standings[one.trial.index] not in ("best", "frontier")]
    shown = [*spread(rest, DRAWN), *reversed(swept.frontier)]
    rows = [*_parameters(swept, shown), *_objectives(swept, shown)]
    with styled():
        area = axes(_ROW * len(rows))
        for number, one in enumerate(shown):
            _line(area, swept, one, [row.places[number] for row in rows])
        _draw_rows(area, rows)
        names = ", ".join(row.name for row in rows)
        return chart(
            "parallel",
            area,
            "Parallel coordinates",
            f"{len(shown)} trials as lines over {len(rows)} axes: {names}.",
        )


def _parameters(swept: Swept, shown: Sequence[SweptTrial]) -> list[_Row]:
    rows = []
    for parameter in swept.spec.parameters:
        axis = axis_of(parameter)
        places = [axis.at(one.trial.point.get(parameter.name, "")) for one in shown]
        rows.append(_Row(shortened(parameter.name, 24), places, _ticks(axis)))
    return rows


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    if isinstance(axis, Scale):
        return [(0, f"{axis.least:g}"), (1, f"{axis.greatest:g}")]
    texts = axis.texts if len(axis.texts) <= _TICKS else (axis.texts[0], axis.texts[-1])
    room = max(6, 44 // max(len(texts), 1))
    return [(axis.at(text) or 0.0, shortened(text, room)) for text in texts]


def _objectives(swept: Swept, shown: Sequence[SweptTrial]) -> list[_Row]:
    """Return the objectives; better values are on the right."""
    rows = []
    for objective in swept.spec.objectives:
        texts = [one.trial.figures[objective.metric] for one in shown]
        axis, is_least = scale_of([*map(float, texts)]), objective.goal == "Minimize"
        places = [axis.at(text) for text in texts]
        ends = [min(texts, key=float), max(texts, key=float)]
        rows.append(
            _Row(
                f"{label(objective.metric)} (better on the right)",
                [None if place is None else 1 - place if is_least else place for place in places],
                [(abs(place - is_least), written(objective.metric, ends[place])) for place in (0, 1)],
            )
        )
    return rows


def _line(area: Area, swept: Swept, one: SweptTrial, places: Sequence[float | None]) -> None:
    standing = swept.standings[one.trial.index]
    colour, width, alpha = {"best": (COMPRESSED, 3.0, 1.0), "frontier": (COMPRESSED, 1.3, 0.9)}.get(
        standing, (MUTED, 0.8, 0.45)
    )
    if standing not in ("best", "frontier"):
        alpha = min(alpha, max(0.12, 12 / len(swept.trials)))
    known = [(place, row) for row, place in enumerate(places) if place is not None]
    area.plot(
        [place for place, _ in known], [row for _, row in known], color=colour, linewidth=width, alpha=alpha
    )


def _draw_rows(area: Area, rows: Sequence[_Row]) -> None:
    for number, row in enumerate(rows):
        area.axhline(number, color=LINE, linewidth=1, zorder=0)
        _text(area, 0, number - 0.3, row.name, INK)
        for place, text in row.ticks:
            _text(area, place, number + 0.22, text, MUTED)
    area.set_xlim(-0.01, 1.01)
    area.set_ylim(len(rows) - 0.6, -0.5)
    area.set_axis_off()


def _text(area: Area, place: float, row: float, text: str, colour: str) -> None:
    """Write text on the page's colour, above the lines."""
    side = "left" if place < 0.1 else "right" if place > 0.9 else "center"  # noqa: PLR2004
    ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 1, "alpha": 0.85}
    area.text(place, row, text, color=colour, fontsize=11, va="center", ha=side, bbox=ground, zorder=9)

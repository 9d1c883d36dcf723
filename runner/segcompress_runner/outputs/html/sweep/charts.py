"""The charts of a sweep's report; None if there is nothing to show."""

from collections.abc import Sequence
from itertools import accumulate, combinations

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator

from segcompress_api.sweep import Objective
from segcompress_api.trials import spread
from segcompress_runner.outputs.html.svg import (
    BASELINE,
    COMPRESSED,
    INK,
    MUTED,
    PAPER,
    Chart,
    axes,
    chart,
    styled,
)
from segcompress_runner.outputs.html.sweep.figures import axis_label, baseline_of, label
from segcompress_runner.outputs.html.units import shortened, size
from segcompress_runner.outputs.sweep.swept import ACCEPTABLE, Swept, SweptTrial

_HEIGHT = 270
_ROOM, _APART = (290, 200), (24, 22)
"""Points that a chart has across and up, and that two numbers need."""

DRAWN = 1000
"""Maximum number of dots for trials that are not on the frontier; of more trials, only some are drawn."""

Dot = tuple[float, float]


def frontier_charts(swept: Swept) -> list[Chart]:
    """Return a chart of each pair of objectives; for one objective, its value from trial to trial."""
    measured = [one for one in swept.trials if swept.target.values(one.trial) is not None]
    if not measured:
        return []
    with styled():
        if len(swept.spec.objectives) == 1:
            return [_history(swept, measured)]
        pairs = combinations(range(len(swept.spec.objectives)), 2)
        return [_pair(swept, measured, *pair) for pair in pairs]


def _pair(swept: Swept, measured: Sequence[SweptTrial], second: int, first: int) -> Chart:
    """Draw one objective over another; the frontier is that of all objectives."""
    x, y = swept.spec.objectives[first], swept.spec.objectives[second]
    area = axes(_HEIGHT)
    area.set_xlabel(axis_label(x))
    area.set_ylabel(axis_label(y))
    _measured_in(area.xaxis, x, 5)
    _measured_in(area.yaxis, y, 6)
    area.margins(0.1)
    rest = [one for one in measured if swept.standings[one.trial.index] not in ("best", "frontier")]
    _rest(area, swept, spread(rest, DRAWN), (x, y))
    frontier = sorted(swept.frontier, key=lambda one: _dot(one, (x, y)))
    if len(swept.spec.objectives) == 2:  # noqa: PLR2004 - of more, neighbours in a pair are none in the whole
        area.plot(*_columns(frontier, (x, y)), color=COMPRESSED, linewidth=1.2, linestyle=(0, (2, 2)))
    area.plot(*_columns(frontier, (x, y)), "o", color=COMPRESSED, markersize=7)
    _baseline(area, swept, (x, y))
    _best(area, swept, (x, y))
    _numbers(area, swept, (x, y))
    names = f"{label(y.metric)} over {label(x.metric)}"
    return chart(
        f"frontier-{second}-{first}",
        area,
        names,
        f"{names} of {len(measured)} trials; {len(frontier)} of them on the frontier.",
    )


def _measured_in(axis: Axis, objective: Objective, ticks: int) -> None:
    axis.set_major_locator(MaxNLocator(ticks))
    if objective.metric == "compressed.sizeBytes":
        axis.set_major_formatter(FuncFormatter(lambda value, _: size(round(value))))


def _history(swept: Swept, measured: Sequence[SweptTrial]) -> Chart:
    """Draw the one objective of each trial, and the best so far."""
    objective = swept.spec.objectives[0]
    area = axes(_HEIGHT)
    area.set_xlabel("trial")
    area.set_ylabel(axis_label(objective))
    area.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    _measured_in(area.yaxis, objective, 6)
    shown = {one.trial.index for one in spread(measured, DRAWN)}
    groups = ((ACCEPTABLE, "o", COMPRESSED), (("constraint", "rejected"), "x", MUTED))
    for group, marker, colour in groups:
        dots = [
            (one.trial.index, float(one.trial.figures[objective.metric]))
            for one in measured
            if one.trial.index in shown and swept.standings[one.trial.index] in group
        ]
        area.plot(*_split(dots), marker, color=colour, markersize=5)
    _so_far(area, swept, measured, objective)
    best = swept.best
    if best is not None:
        at = (best.trial.index, float(best.trial.figures[objective.metric]))
        _ring(area, at)
        _number(area, at, f"trial {best.trial.index}")
    name = label(objective.metric)
    return chart("history", area, name, f"{name} of {len(measured)} trials, and the best so far.")


def _so_far(area: Axes, swept: Swept, measured: Sequence[SweptTrial], objective: Objective) -> None:
    good = [one for one in measured if swept.standings[one.trial.index] in ACCEPTABLE]
    if good:
        values = [float(one.trial.figures[objective.metric]) for one in good]
        best = accumulate(values, max if objective.goal == "Maximize" else min)
        area.plot(
            [one.trial.index for one in good],
            list(best),
            color=COMPRESSED,
            linewidth=1.5,
            drawstyle="steps-post",
        )


def _rest(area: Axes, swept: Swept, rest: Sequence[SweptTrial], pair: tuple[Objective, Objective]) -> None:
    for standings, marker in ((("beaten",), "o"), (("constraint", "rejected"), "x")):
        group = [one for one in rest if swept.standings[one.trial.index] in standings]
        area.plot(*_columns(group, pair), marker, color=MUTED, markersize=4.5, alpha=0.75)


def _baseline(area: Axes, swept: Swept, pair: tuple[Objective, Objective]) -> None:
    """Draw the baseline, if it has both metrics."""
    figures = swept.best.trial.figures if swept.best else {}
    texts = [figures.get(baseline_of(each.metric) or "") for each in pair]
    known = [float(text) for text in texts if text is not None]
    if len(known) == len(texts):
        area.plot(*[[value] for value in known], "D", color=BASELINE, markerfacecolor=PAPER, markersize=7)


def _best(area: Axes, swept: Swept, pair: tuple[Objective, Objective]) -> None:
    if swept.best is not None:
        _ring(area, _dot(swept.best, pair))


def _ring(area: Axes, at: Dot) -> None:
    area.plot([at[0]], [at[1]], "o", color=COMPRESSED, markersize=9)
    area.plot([at[0]], [at[1]], "o", color=COMPRESSED, markerfacecolor="none", markersize=15)


def _numbers(area: Axes, swept: Swept, pair: tuple[Objective, Objective]) -> None:
    """Write the numbers of the frontier's trials as far as there is room, the best and the ends first."""
    ordered = sorted(swept.frontier, key=lambda one: _dot(one, pair))
    ends = (ordered[0], ordered[-1]) if ordered else ()
    dots = [(_dot(one, pair), str(one.trial.index)) for one in (*swept.frontier[:1], *ends, *swept.frontier)]
    left, right, low, high = (*area.get_xlim(), *area.get_ylim())
    taken: list[Dot] = []
    for (x, y), text in dots:
        at = (x - left) / (right - left) * _ROOM[0], (y - low) / (high - low) * _ROOM[1]
        if all(abs(at[0] - one[0]) > _APART[0] or abs(at[1] - one[1]) > _APART[1] for one in taken):
            taken.append(at)
            _number(area, (x, y), text)


def _number(area: Axes, at: Dot, text: str) -> None:
    area.annotate(
        shortened(text, 12),
        at,
        xytext=(0, 10),
        textcoords="offset points",
        ha="center",
        color=INK,
        fontsize=11,
    )


def _columns(trials: Sequence[SweptTrial], pair: tuple[Objective, Objective]) -> list[list[float]]:
    return _split([_dot(one, pair) for one in trials])


def _split(dots: Sequence[Dot]) -> list[list[float]]:
    return [[dot[0] for dot in dots], [dot[1] for dot in dots]]


def _dot(one: SweptTrial, pair: tuple[Objective, Objective]) -> Dot:
    x, y = (float(one.trial.figures[each.metric]) for each in pair)
    return x, y

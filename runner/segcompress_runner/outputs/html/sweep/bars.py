"""The charts of the importance of parameters."""

from collections.abc import Mapping

from segcompress_api.sweep import Objective
from segcompress_runner.outputs.html.svg import COMPRESSED, INK, LINE, Chart, axes, chart, styled
from segcompress_runner.outputs.html.sweep.figures import label
from segcompress_runner.outputs.html.units import shortened
from segcompress_runner.outputs.sweep.importance import Importance


def importance_charts(importance: Importance, objectives: tuple[Objective, ...]) -> list[Chart]:
    """Return a chart for each objective; none if importance was not computed."""
    with styled():
        return [
            _bars(number, label(each.metric), importance.shares[each.metric])
            for number, each in enumerate(objectives)
            if each.metric in importance.shares
        ]


def _bars(number: int, name: str, shares: Mapping[str, float]) -> Chart:
    ordered = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    area = axes(36 + 30 * len(ordered))
    area.barh(range(len(ordered)), [share for _, share in ordered], color=COMPRESSED, height=0.36)
    for place, (parameter, share) in enumerate(ordered):
        area.text(
            0, place - 0.4, f"{shortened(parameter, 24)}: {share:.0%}", color=INK, fontsize=11, va="center"
        )
    area.set_xlim(0, 1)
    area.set_ylim(len(ordered) - 0.6, -0.8)
    area.set_yticks([])
    area.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    area.grid(visible=False, axis="y")
    area.spines["left"].set_visible(False)
    area.spines["bottom"].set_color(LINE)
    first, share = ordered[0]
    return chart(
        f"importance-{number}",
        area,
        name,
        f"Importance of {len(ordered)} parameters for {name}; the most important is {first}, {share:.0%}.",
    )

"""Matplotlib's figures as inline SVG: text stays text, and colours follow the page's light or dark scheme.

Matplotlib knows no CSS variables, so figures are drawn in placeholder colours that are replaced afterwards.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, LINE, BASELINE, COMPRESSED, PAPER = (
    "#01fe01",
    "#02fe02",
    "#03fe03",
    "#04fe04",
    "#05fe05",
    "#06fe06",
)
"""Placeholder colours."""

_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    LINE: "line",
    BASELINE: "baseline",
    COMPRESSED: "compressed",
    PAPER: "paper",
}
WIDTH = 360
"""Width of every figure in points, about what it gets on a phone: text keeps its size there."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "segcompress",
    "text.parse_math": False,
    "font.size": 12,
    "text.color": INK,
    "axes.facecolor": "none",
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@dataclass(frozen=True)
class Chart:
    """A figure with its title, and in words what it shows for those who do not see it."""

    title: str
    summary: str
    svg: Markup


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the report's style, whatever the user's matplotlibrc says."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of glyphs that its own font lacks: the browser has others
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def axes(height: float) -> Axes:
    """Return empty axes of a new figure, `height` points tall."""
    made: Axes = Figure(figsize=(WIDTH / 72, height / 72)).subplots()
    return made


def chart(name: str, drawn: Axes, title: str, summary: str) -> Chart:
    """Return what was drawn; `name` keeps its ids apart from those of other charts on the page."""
    buffer = io.StringIO()
    figure = drawn.get_figure(root=True)
    if figure is None:
        raise AssertionError("axes belong to a figure")
    figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    return Chart(title, summary, Markup(_inline(buffer.getvalue(), name, summary)))  # noqa: S704 - ours


def _inline(document: str, name: str, summary: str) -> str:
    """Return a document's svg element, with colours and fonts of the page around it."""
    content = re.search(r"<svg[^>]*viewBox=\"([^\"]*)\"[^>]*>(.*)</svg>", document, re.DOTALL)
    if content is None:
        raise AssertionError("matplotlib wrote no svg element")
    box, body = content.groups()
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)  # it would hold for the whole page
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var(--{variable})")
    body = re.sub(r"<(g|text) id=\"[^\"]*\"", r"<\1", body)
    body = body.replace(' id="', f' id="{name}-').replace("url(#", f"url(#{name}-")
    body = body.replace('xlink:href="#', f'href="#{name}-')
    body = re.sub(r"font: ?([0-9.]+px)[^;\"]*", r"font-size: \1", body)
    body = re.sub(r"font-family:[^;\"]*;?", "", body)
    return f'<svg viewBox="{box}" role="img" aria-label="{escape(summary)}">{body}</svg>'

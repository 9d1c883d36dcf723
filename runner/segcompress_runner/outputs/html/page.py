"""The page itself: result.json and pictures in, one HTML file out. Equal input gives equal bytes."""

from collections.abc import Sequence

from segcompress_runner.outputs.html import charts, wording
from segcompress_runner.outputs.html.deploy import deploy
from segcompress_runner.outputs.html.environment import environment
from segcompress_runner.outputs.html.panels import DIFFERENCES, Panel, class_colour, css
from segcompress_runner.outputs.html.wording import ClassRow, Result


def render(result: Result, rows: Sequence[Sequence[Panel]] = ()) -> str:
    """Return report.html for the content of a result.json; raises KeyError where it is not one.

    `rows` holds the panels of each of the result's `pictures`, in their order.
    """
    classes, latencies = wording.class_rows(result), wording.latency_rows(result)
    return (
        environment()
        .get_template("report.html")
        .render(
            result=result,
            title=wording.title(result),
            verdict=wording.verdict(result),
            gates=wording.gate_rows(result),
            figures=wording.figure_rows(result),
            deploy=deploy(result),
            classes=classes,
            classes_chart=charts.classes(classes),
            examples=list(zip(wording.picture_rows(result), rows, strict=True)) if rows else [],
            swatches=_swatches(classes),
            differences={name: css(colour) for name, colour in DIFFERENCES.items()},
            curves=charts.curves(result),
            layers=charts.weights(result),
            layers_chart=charts.layers(result),
            latencies=latencies,
            latencies_chart=charts.latencies(latencies),
            settings=wording.settings(result),
        )
    )


def _swatches(rows: Sequence[ClassRow]) -> list[tuple[str, str]]:
    """Return the colour and the label of each class, in the order of their ids."""
    return [(css(class_colour(row.id)), row.label) for row in sorted(rows, key=lambda row: row.id)]

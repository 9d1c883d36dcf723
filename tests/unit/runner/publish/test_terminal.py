"""What a person at a terminal reads at the end of a run."""

import io

from rich.console import Console

from segcompress_api.conditions import Reason
from segcompress_api.contract import RunResult
from segcompress_api.status import Metrics, ModelFigures
from segcompress_runner.terminal import print_result

METRICS = Metrics(
    baseline=ModelFigures(miou="0.7531", boundary_iou="0.4435", latency_ms="1123.419", size_bytes=55591800),
    compressed=ModelFigures(
        miou="0.7535",
        boundary_iou="0.4431",
        latency_ms="1021.368",
        size_bytes=21525800,
        sparsity="0.7500",
    ),
    runtime="PaddleInference",
    speedup="1.1001",
)


def test_table_is_whole_where_nobody_says_how_wide_the_terminal_is() -> None:
    printed = io.StringIO()
    result = RunResult(reason=Reason.SUCCEEDED, message="done", metrics=METRICS)
    print_result(Console(file=printed, width=80), result)
    for words in (
        "baseline",
        "compressed",
        "boundary",
        "1123.419",
        "1021.368",
        "21021.3",
        "0.7500",
        "1.1001x",
    ):
        assert words in printed.getvalue()

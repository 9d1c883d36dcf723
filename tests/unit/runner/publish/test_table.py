from segcompress_api.status import Metrics, ModelFigures, WorstClass
from segcompress_runner.outputs import table

METRICS = Metrics(
    baseline=ModelFigures(miou="0.9287", boundary_iou="0.8012", latency_ms="56.363", size_bytes=555918),
    compressed=ModelFigures(miou="0.9235", latency_ms="37.712", size_bytes=555918, sparsity="0.7497"),
    runtime="PaddleInference",
    processor="a CPU (avx2)",
    threads=1,
    miou_drop="0.0052",
    speedup="1.4946",
    worst_class=WorstClass(id=1, name="person", iou_drop="0.011"),
)


def test_table_has_the_seeds_rows() -> None:
    assert table.rows(METRICS) == [
        ("baseline", "0.9287", "0.8012", "56.363", "542.9", "–", "–"),
        ("compressed", "0.9235", "–", "37.712", "542.9", "0.7497", "1.4946x"),
    ]


def test_caption_says_what_was_measured_on_what() -> None:
    assert table.caption(METRICS) == (
        "latency: median at batch 1 on PaddleInference, 1 thread, a CPU (avx2); mIoU lost: 0.0052; "
        "most lost by class person (1): IoU 0.011"
    )


def test_markdown_aligns_figures_right() -> None:
    assert table.markdown(("a", "b"), [("x", "1")]) == "| a | b |\n| --- | ---: |\n| x | 1 |"

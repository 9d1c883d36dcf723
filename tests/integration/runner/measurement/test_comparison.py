"""The whole measurement of a compressed model, as the pipeline puts it together."""

import paddle
import pytest

from integration.runner.measurement.tiny import tiny_dataset
from segcompress_api.benchmark import Benchmark
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.measurement.benchmark import benchmark
from segcompress_runner.measurement.boundary import Boundaries, BoundaryIou
from segcompress_runner.measurement.evaluation import Options, Predict, Scores, evaluate
from segcompress_runner.measurement.variants import Candidate, Checked, Variant, check, variants
from segcompress_runner.progress import Silent

SETTINGS = Benchmark(runtimes=("PaddleInference", "ONNXRuntime", "OpenVINO"), warmup=2, min_queries=16)


@pytest.fixture(scope="module")
def sides(candidates: tuple[Candidate, Candidate], pictures: Pictures) -> list[tuple[Checked, ...]]:
    """Return baseline and quantised model, each evaluated in every variant."""

    def scores(_: Variant, predict: Predict) -> tuple[Scores, BoundaryIou]:
        boundaries = Boundaries(tiny_dataset())
        options = Options(4, 1, (boundaries.observe,))
        return evaluate(predict, pictures, tiny_dataset(), options), boundaries.scores()

    return [
        tuple(
            checked
            for runtime in SETTINGS.runtimes
            for checked in check(variants(candidate, runtime, "CPU", quantises=True), scores, 2)
        )
        for candidate in candidates
    ]


def test_every_variant_is_evaluated_then_timed(sides: list[tuple[Checked, ...]], pictures: Pictures) -> None:
    baseline, compressed = sides
    results = benchmark(baseline, compressed, pictures[0][0], SETTINGS, Silent())
    assert [
        (result.runtime, [one.variant for one in result.baseline], [one.variant for one in result.compressed])
        for result in results
    ] == [
        ("PaddleInference", ["default"], ["default", "int8"]),
        ("ONNXRuntime", ["default"], ["int8"]),
        ("OpenVINO", ["f32", "default"], ["int8-f32", "int8"]),
    ]
    for result in results:
        for latency in (*result.baseline, *result.compressed):
            assert latency.queries == 16
            assert 0 < latency.p50_ms <= latency.p90_ms
            assert 0 <= latency.miou <= 1
            assert (latency.device, latency.int8) == ("CPU", latency.variant.startswith("int8"))
            assert latency.precision in {"f32", "bf16"}
            assert latency.precision == "f32" or (latency.runtime, latency.variant) in {
                ("OpenVINO", "default"),
                ("OpenVINO", "int8"),
            }
        assert result.deployed.int8
        assert result.speedup == result.reference.p50_ms / result.deployed.p50_ms


def test_the_benchmark_runs_in_static_mode_too(sides: list[tuple[Checked, ...]], pictures: Pictures) -> None:
    paddle.enable_static()
    try:
        results = benchmark(sides[0], sides[1], pictures[0][0], SETTINGS, Silent())
    finally:
        paddle.disable_static()
    assert len(results) == 3


def test_boundaries_are_harder_to_find_than_areas(sides: list[tuple[Checked, ...]]) -> None:
    for checked in (one for side in sides for one in side):
        assert 0 < checked.boundary.mean < checked.scores.miou, checked.variant

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segcompress_api.benchmark import Benchmark, RuntimeName
from segcompress_runner.measurement.benchmark import Comparison, Latency, benchmark
from segcompress_runner.measurement.bootstrap import Interval
from segcompress_runner.measurement.boundary import BoundaryIou
from segcompress_runner.measurement.evaluation import Predict, Scores
from segcompress_runner.measurement.model_output import OutputNotFiniteError
from segcompress_runner.measurement.variants import Checked, Device, Variant, check
from segcompress_runner.progress import Stage

PICTURE = np.ones((3, 4, 4), np.float32)


BOUNDARY = BoundaryIou(0.5, (0.5,))


def scores(miou: float) -> Scores:
    return Scores(miou, (miou,), miou, 1, ((1,),), 1.0)


@dataclass
class Model:
    """A model that writes its name into a shared diary at every query."""

    name: str
    diary: list[str]
    value: float = 0.5
    opened: list[int] = field(default_factory=list)
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    batch: int | None = None
    precision: str = "f32"

    def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
        self.diary.append(self.name)
        self.shapes.add(x.shape)
        return np.full((1, 2, 4, 4), self.value, np.float32)

    def open(self, threads: int) -> "Model":
        self.opened.append(threads)
        return self


def checked(model: Model, runtime: RuntimeName = "PaddleInference", miou: float = 0.9) -> Checked:
    return Checked(Variant(runtime, model.name, "CPU", False, (), model.open), scores(miou), BOUNDARY)  # noqa: FBT003


class Recorder:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.total, self.steps, self.stage = 0, list[int](), list[Stage]()

    def start(self, stage: Stage, total: int = 0) -> None:
        self.stage.append(stage)
        self.total = total

    def step(self, done: int, **figures: float) -> None:
        assert not figures
        self.steps.append(done)

    def note(self, message: str) -> None:
        raise AssertionError(message)


def test_models_take_turns_on_one_real_picture() -> None:
    diary: list[str] = []
    old, new, fast = (Model(name, diary) for name in ("old", "new", "fast"))
    settings = Benchmark(runtimes=("PaddleInference",), threads=3, warmup=5, min_queries=16)
    recorder = Recorder()
    (result,) = benchmark([checked(old)], [checked(new), checked(fast)], PICTURE, settings, recorder)
    assert diary[:15] == ["old"] * 5 + ["new"] * 5 + ["fast"] * 5
    turns = [name for name, after in zip(diary[15:], [*diary[16:], ""], strict=True) if name != after]
    assert turns[:5] == ["old", "new", "fast", "new", "old"]
    assert old.opened == new.opened == [3]
    assert old.shapes == {(1, 3, 4, 4)}
    (baseline,) = result.baseline
    assert [latency.queries for latency in (baseline, *result.compressed)] == [16, 16, 16]
    assert (baseline.variant, [lat.variant for lat in result.compressed]) == ("old", ["new", "fast"])
    assert 0 < result.interval.low <= result.interval.high
    assert recorder.stage == [Stage.BENCHMARK]
    assert recorder.steps[-1] == recorder.total == 48
    assert recorder.steps == sorted(recorder.steps)


def test_each_runtime_gets_its_own_comparison_in_the_users_order() -> None:
    diary: list[str] = []
    settings = Benchmark(runtimes=("ONNXRuntime", "PaddleInference"), warmup=0, min_queries=16)
    models = {name: Model(name, diary) for name in ("po", "pn", "oo", "on")}
    recorder = Recorder()
    results = benchmark(
        [checked(models["po"]), checked(models["oo"], "ONNXRuntime")],
        [checked(models["pn"]), checked(models["on"], "ONNXRuntime")],
        PICTURE,
        settings,
        recorder,
    )
    assert [(r.runtime, r.reference.variant, r.compressed[0].variant) for r in results] == [
        ("ONNXRuntime", "oo", "on"),
        ("PaddleInference", "po", "pn"),
    ]
    assert recorder.steps[-1] == recorder.total == 64


def test_a_model_that_gives_no_numbers_gets_no_latency() -> None:
    diary: list[str] = []
    broken = Model("broken", diary, value=float("nan"))
    settings = Benchmark(runtimes=("PaddleInference",), warmup=0, min_queries=16)
    with pytest.raises(OutputNotFiniteError):
        benchmark([checked(Model("old", diary))], [checked(broken)], PICTURE, settings, Recorder())


def latency(variant: str, p50: float, miou: float) -> Latency:
    return Latency("PaddleInference", variant, "CPU", variant == "int8", "f32", miou, p50, p50, p50, p50, 16)


def test_the_fastest_variant_gives_the_speedup() -> None:
    result = Comparison(
        "PaddleInference",
        "CPU",
        (latency("default", 18.0, 0.93),),
        (latency("default", 72.0, 0.928), latency("int8", 9.0, 0.925)),
        Interval(1.9, 2.1),
    )
    assert result.deployed.variant == "int8"
    assert result.speedup == 2.0


def test_a_quantised_model_is_the_one_in_int8_however_much_it_lost_or_gained() -> None:
    """Its variant that computes in float is neither what a user deploys nor what is judged."""
    result = Comparison(
        "PaddleInference",
        "CPU",
        (latency("default", 18.0, 0.93),),
        (latency("default", 5.0, 0.928), latency("int8", 9.0, 0.91)),
        Interval(1.9, 2.1),
    )
    assert (result.deployed.variant, result.deployed.miou) == ("int8", 0.91)
    assert result.speedup == 2.0


@pytest.mark.parametrize(
    ("lost", "reference", "speedup"),
    [
        pytest.param(0.005, "bf16", 2.5, id="both right: the faster"),
        pytest.param(0.006, "f32", 4.5, id="one wrong: the other"),
    ],
)
def test_the_baseline_runs_in_its_fastest_variant_that_is_right_too(
    lost: float, reference: str, speedup: float
) -> None:
    result = Comparison(
        "OpenVINO",
        "CPU",
        (latency("f32", 18.0, 0.93), latency("bf16", 10.0, 0.93 - lost)),
        (latency("f32", 9.0, 0.92), latency("bf16", 4.0, 0.92)),
        Interval(2.0, 5.0),
    )
    assert (result.reference.variant, result.deployed.variant) == (reference, "bf16")
    assert result.speedup == pytest.approx(speedup)


def test_all_variants_of_both_models_take_turns() -> None:
    diary: list[str] = []
    names = ("f32", "bf16", "int8")
    old, fast, new = (Model(name, diary, precision=name) for name in names)
    settings = Benchmark(runtimes=("OpenVINO",), warmup=1, min_queries=16)
    recorder = Recorder()
    before = [checked(old, "OpenVINO"), checked(fast, "OpenVINO")]
    (result,) = benchmark(before, [checked(new, "OpenVINO")], PICTURE, settings, recorder)
    assert [one.precision for one in (*result.baseline, *result.compressed)] == list(names)
    assert diary.count("f32") == diary.count("bf16") == diary.count("int8")
    assert recorder.steps[-1] == recorder.total == 48


def test_the_interval_is_that_of_the_variant_to_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stands still but for what each model costs."""
    clock, diary = [0.0], list[str]()
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    @dataclass
    class Costly(Model):
        cost: float = 1.0

        def run(self, x: NDArray[np.float32]) -> NDArray[Any]:
            clock[0] += self.cost
            return super().run(x)

    def costing(name: str, cost: float) -> Checked:
        opened = Costly(name, diary, cost=cost).open
        variant = Variant("PaddleInference", name, "CPU", name == "int8", (), opened)
        return Checked(variant, scores(0.9), BOUNDARY)

    settings = Benchmark(runtimes=("PaddleInference",), warmup=0, min_queries=16)
    compressed = [costing("default", 1.0), costing("int8", 2.0)]
    (result,) = benchmark([costing("default", 3.0)], compressed, PICTURE, settings, Recorder())
    assert result.speedup == pytest.approx(1.5)
    assert (result.interval.low, result.interval.high) == pytest.approx((1.5, 1.5))


def test_devices_are_compared_apart() -> None:
    diary: list[str] = []

    def on(device: Device, name: str) -> Checked:
        model = Model(name, diary)
        variant = Variant("PaddleInference", name, device, name == "int8", (), model.open)
        return Checked(variant, scores(0.9), BOUNDARY)

    settings = Benchmark(runtimes=("PaddleInference",), warmup=0, min_queries=16)
    before, after = [on("CPU", "default"), on("GPU", "gpu")], [on("CPU", "int8"), on("GPU", "gpu")]
    results = benchmark(before, after, PICTURE, settings, Recorder())
    assert [(r.device, r.reference.variant, r.deployed.variant, r.deployed.int8) for r in results] == [
        ("CPU", "default", "int8", True),
        ("GPU", "gpu", "gpu", False),
    ]


def test_each_variant_is_evaluated_on_the_threads_asked_for() -> None:
    diary: list[str] = []
    models = [Model(name, diary) for name in ("first", "second")]
    offered = [Variant("PaddleInference", m.name, "CPU", False, (), m.open) for m in models]  # noqa: FBT003
    seen = []

    def evaluate(variant: Variant, _: Predict) -> tuple[Scores, BoundaryIou]:
        seen.append(variant.name)
        return scores(0.8), BOUNDARY

    results = check(offered, evaluate, 2)
    assert [(result.scores.miou, result.boundary) for result in results] == [(0.8, BOUNDARY)] * 2
    assert seen == ["first", "second"]
    assert [model.opened for model in models] == [[2], [2]]

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.conditions import Reason
from segcompress_api.job import JobSpec
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.benchmark import Comparison, Latency
from segcompress_runner.measurement.bootstrap import Interval
from segcompress_runner.measurement.boundary import BoundaryIou
from segcompress_runner.measurement.evaluation import Scores
from segcompress_runner.measurement.judged import Bounds, Parity
from segcompress_runner.measurement.macs import Macs
from segcompress_runner.measurement.sparsity import Sparsity
from segcompress_runner.measurement.variants import Checked, Variant
from segcompress_runner.outputs.artefacts import Exported
from segcompress_runner.outputs.figures import Measurements, judge, metrics_of, recommend
from segcompress_runner.processor import Processor
from small_spec import DATASET, small_spec

NOTHING: Any = None


def spec_with(**changes: Any) -> JobSpec:
    return small_spec(dataset={**DATASET, "classNames": ["ground", "person"]}, **changes)


def scores(*iou: float) -> Scores:
    return Scores(sum(iou) / len(iou), iou, 0.9, 10, (), 1.0)


def checked(runtime: Any, variant: str, *iou: float, files: tuple[Path, ...] = ()) -> Checked:
    """Return a variant whose boundary IoUs are half of its IoUs."""
    boundary = BoundaryIou(sum(iou) / len(iou) / 2, tuple(one / 2 for one in iou))
    return Checked(
        Variant(runtime, variant, "CPU", variant == "int8", files, NOTHING), scores(*iou), boundary
    )


def latency(runtime: Any, variant: str, miou: float, p50_ms: float) -> Latency:
    return Latency(
        runtime, variant, "CPU", variant == "int8", "f32", miou, p50_ms, p50_ms, p50_ms, p50_ms, 10
    )


def program_of(size: int) -> bytes:
    """Return a program of one operator in so many bytes."""
    from paddle.base.proto import framework_pb2

    program = framework_pb2.ProgramDesc()
    operator = program.blocks.add(idx=0, parent_idx=-1).ops.add(type="relu")
    operator.inputs.add(parameter="")
    operator.inputs[0].parameter = "x" * (size - len(program.SerializeToString()))
    content: bytes = program.SerializeToString()
    assert len(content) == size
    return content


@pytest.fixture
def measured(tmp_path: Path) -> Measurements:
    """Return a quantised-like case: Paddle's default is slow, its int8 pass fast and a little less right."""
    for name, size in (("before", 800), ("after", 210), ("x", 50), ("before.onnx", 830), ("after.onnx", 400)):
        (tmp_path / name).write_bytes(program_of(size) if name == "x" else bytes(size))
    paddle, onnx = "PaddleInference", "ONNXRuntime"
    saved, after = [(tmp_path / "x", tmp_path / name) for name in ("before", "after")]
    in_onnx = [(tmp_path / f"{name}.onnx",) for name in ("before", "after")]
    return Measurements(
        model=ModelFiles(tmp_path / "x", tmp_path / "before"),
        compressed_model=ModelFiles(tmp_path / "x", tmp_path / "after"),
        baseline=[
            checked(paddle, "default", 0.9, 0.7, files=saved),
            checked(onnx, "default", 0.9, 0.7, files=in_onnx[0]),
        ],
        compressed=[
            checked(paddle, "default", 0.9, 0.69, files=after),
            checked(paddle, "int8", 0.89, 0.68, files=after),
            checked(onnx, "int8", 0.9, 0.6, files=in_onnx[1]),
        ],
        macs=Macs(2, 1),
        sparsity=Sparsity(pruned_layers=0.7497, whole_model=0.5, layers=()),
        exported=Exported(),
        latencies=[
            Comparison(
                cast("Any", paddle),
                "CPU",
                (latency(paddle, "default", 0.8, 18.1),),
                (latency(paddle, "default", 0.795, 74.5), latency(paddle, "int8", 0.785, 17.9)),
                Interval(0.99, 1.03),
            ),
            Comparison(
                cast("Any", onnx),
                "CPU",
                (latency(onnx, "default", 0.8, 11.0),),
                (latency(onnx, "int8", 0.75, 10.0),),
                Interval(1.08, 1.12),
            ),
        ],
        processor=Processor("a CPU", gpu_name="a GPU"),
    )


def test_accuracy_and_latency_are_of_the_same_variant(measured: Measurements) -> None:
    metrics = metrics_of(spec_with(), measured)
    assert metrics.baseline.miou == "0.8000"
    assert metrics.baseline.size_bytes == 800
    assert metrics.compressed is not None
    assert (metrics.compressed.miou, metrics.compressed.latency_ms) == ("0.7850", "17.900")
    assert (metrics.compressed.size_bytes, metrics.compressed.sparsity) == (210, "0.7497")
    assert (metrics.runtime, metrics.miou_drop, metrics.speedup) == ("PaddleInference", "0.0150", "1.0112")
    assert (metrics.baseline.boundary_iou, metrics.compressed.boundary_iou) == ("0.4000", "0.3925")
    assert metrics.boundary_iou_drop == "0.0075"
    assert metrics.worst_class is not None
    assert (metrics.worst_class.name, metrics.worst_class.iou_drop) == ("person", "0.0200")


def test_latency_names_its_processor_and_threads(measured: Measurements) -> None:
    metrics = metrics_of(spec_with(benchmark={"threads": 2}), measured)
    assert (metrics.processor, metrics.threads) == ("a CPU", 2)
    paddle: Any = "PaddleInference"

    def on_a_gpu(milliseconds: float) -> Latency:
        return replace(latency(paddle, "gpu", 0.8, milliseconds), device="GPU")

    on_gpu = Comparison(cast("Any", paddle), "GPU", (on_a_gpu(2.0),), (on_a_gpu(1.0),), Interval(1.9, 2.1))
    scored = [checked(paddle, "gpu", 0.9, 0.7)]
    measured = replace(measured, latencies=[on_gpu], baseline=scored, compressed=scored)
    metrics = metrics_of(spec_with(), measured)
    assert metrics.processor == "a GPU"


def test_first_runtime_that_the_user_names_is_told(measured: Measurements) -> None:
    metrics = metrics_of(spec_with(benchmark={"runtimes": ["ONNXRuntime", "PaddleInference"]}), measured)
    assert metrics.compressed is not None
    assert (metrics.runtime, metrics.compressed.miou) == ("ONNXRuntime", "0.7500")


@pytest.mark.parametrize(
    ("acceptance", "pruned", "differing", "reason"),
    [
        pytest.param({"maxMiouDrop": "0.06"}, 0.7497, 0.01, Reason.SUCCEEDED, id="passes"),
        pytest.param({"maxMiouDrop": "0.06"}, 0.15, 0.01, Reason.SPARSITY_NOT_REACHED, id="sparsity"),
        pytest.param({"maxMiouDrop": "0.01"}, 0.7497, 0.01, Reason.ACCEPTANCE_NOT_MET, id="mIoU"),
        pytest.param({}, 0.7497, 0.01, Reason.ACCEPTANCE_NOT_MET, id="mIoU by default"),
        pytest.param({"maxMiouDrop": "0.06"}, 0.7497, 0.06, Reason.EXPORT_MISMATCH, id="export"),
    ],
)
def test_first_missed_gate_names_the_end(
    measured: Measurements, acceptance: dict[str, str], pruned: float, differing: float, reason: Reason
) -> None:
    parity = Parity("ONNX", 0.795, 0.795, differing, Bounds(0.01, 0.05))
    measured = replace(measured, exported=Exported(parities=(parity,)))
    spec = spec_with(acceptance=acceptance)
    settings = settings_of(spec.strategy, ModelFileNames("model.pdmodel", "model.pdiparams"))
    verdict, _ = judge(spec, settings, replace(measured, sparsity=Sparsity(pruned, 0.1, ())))
    assert verdict.reason == reason
    assert verdict.accepted == (reason == Reason.SUCCEEDED)
    assert verdict.metrics == metrics_of(spec, replace(measured, sparsity=Sparsity(pruned, 0.1, ())))


def test_a_quantised_model_is_accepted_on_its_int8_variant_alone(measured: Measurements) -> None:
    """Paddle's default variant, which computes in float, keeps 0.795; the int8 one has 0.785 of 0.8."""
    spec = spec_with(acceptance={"maxMiouDrop": "0.01"}, benchmark={"runtimes": ["PaddleInference"]})
    settings = settings_of(spec.strategy, ModelFileNames("model.pdmodel", "model.pdiparams"))
    verdict, _ = judge(spec, settings, measured)
    assert verdict.reason == Reason.ACCEPTANCE_NOT_MET
    assert verdict.message.startswith("mIoU on PaddleInference (int8): 0.7850, baseline 0.8000")
    assert verdict.metrics.variant == "int8"


@pytest.mark.parametrize(
    ("acceptance", "told"),
    [
        pytest.param(
            {"maxClassIouDrop": "0.05"},
            ["IoU of person on ONNXRuntime (int8): 0.6000, baseline 0.7000, lost 0.1000, at most 0.05"],
            id="class",
        ),
        pytest.param(
            {"maxBoundaryIouDrop": "0.02"},
            ["boundary IoU on ONNXRuntime (int8): 0.3750, baseline 0.4000, lost 0.0250, at most 0.02"],
            id="boundary",
        ),
        pytest.param(
            {"maxSizeRatio": "0.3"},
            [
                (
                    "size of what PaddleInference (int8) loads: 260 bytes, baseline 850, ratio 0.3059, "
                    "at most 0.3"
                ),
                "size of what ONNXRuntime (int8) loads: 400 bytes, baseline 830, ratio 0.4819, at most 0.3",
            ],
            id="size, program and parameters or the export",
        ),
        pytest.param(
            {"minSpeedup": {"runtime": "PaddleInference", "ratio": "1"}},
            ["speed-up on PaddleInference (int8): 1.0112, lower end of its 95 % interval 0.9900, at least 1"],
            id="speed",
        ),
        pytest.param(
            {"minSpeedup": {"runtime": "ONNXRuntime", "ratio": "1.09"}},
            ["speed-up on ONNXRuntime (int8): 1.1000, lower end of its 95 % interval 1.0800, at least 1.09"],
            id="speed on the other",
        ),
    ],
)
def test_each_gate_that_is_missed_is_told_with_what_was_measured(
    measured: Measurements, acceptance: dict[str, Any], told: list[str]
) -> None:
    spec = spec_with(acceptance={"maxMiouDrop": "Unlimited", **acceptance})
    settings = settings_of(spec.strategy, ModelFileNames("model.pdmodel", "model.pdiparams"))
    verdict, gates = judge(spec, settings, measured)
    (field,) = acceptance
    assert verdict.reason == Reason.ACCEPTANCE_NOT_MET
    assert verdict.message == "; ".join(f"{words} (spec.acceptance.{field})" for words in told)
    assert [gate.passed for gate in gates].count(False) == len(told)


@pytest.mark.parametrize(
    ("drop", "differing", "advice"),
    [
        pytest.param("0.06", 0.01, "fastest as measured here: ONNXRuntime, 10.000 ms (1.10 times", id="fast"),
        pytest.param("0.06", 0.06, "fastest as measured here: PaddleInference, 17.900 ms", id="bad export"),
        pytest.param("0.02", 0.01, "fastest as measured here: PaddleInference, 17.900 ms", id="lost there"),
        pytest.param("0.01", 0.01, None, id="lost everywhere"),
    ],
)
def test_note_names_the_fastest_runtime_of_those_that_pass_their_gates(
    measured: Measurements, drop: str, differing: float, advice: str | None
) -> None:
    parity = Parity("ONNX", 0.795, 0.795, differing, Bounds(0.01, 0.05))
    spec = spec_with(acceptance={"maxMiouDrop": drop})
    settings = settings_of(spec.strategy, ModelFileNames("model.pdmodel", "model.pdiparams"))
    verdict, _ = judge(spec, settings, replace(measured, exported=Exported(parities=(parity,))))
    assert [note[: len(advice or "")] for note in verdict.notes] == ([advice] if advice else [])
    recommended = recommend(spec, settings, replace(measured, exported=Exported(parities=(parity,))))
    assert (recommended is not None) == (advice is not None)
    assert recommended is None or f"fastest as measured here: {recommended.runtime}, " in verdict.notes[0]


def test_what_is_recommended_names_files_and_code_of_its_variant(measured: Measurements) -> None:
    spec = spec_with(benchmark={"runtimes": ["PaddleInference"], "threads": 3})
    settings = settings_of(spec.strategy, ModelFileNames("model.pdmodel", "model.pdiparams"))
    recommended = recommend(spec, settings, measured)
    assert recommended is not None
    assert (recommended.variant, recommended.p50_ms, recommended.miou) == ("int8", 17.9, 0.785)
    assert recommended.files == ("model.pdmodel", "model.pdiparams")
    assert recommended.code.startswith("threads = 3\n")
    assert "enable_mkldnn_int8" in recommended.code

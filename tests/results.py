"""A run's result.json as the runner writes it, of as many classes and as good or bad as a test wants."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.benchmark import RuntimeName
from segcompress_api.job import JobSpec
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.benchmark import Comparison, Latency
from segcompress_runner.measurement.bootstrap import Interval
from segcompress_runner.measurement.boundary import BoundaryIou
from segcompress_runner.measurement.evaluation import Scores
from segcompress_runner.measurement.macs import Macs
from segcompress_runner.measurement.sparsity import Layer, Sparsity
from segcompress_runner.measurement.variants import Checked, Variant
from segcompress_runner.measurement.worst import Example, Wrong, example
from segcompress_runner.outputs import figures, report
from segcompress_runner.outputs.artefacts import Exported
from segcompress_runner.outputs.file_names import REPORT
from segcompress_runner.outputs.manifests import EvaluationRecord, LossRecord, ModelManifest, TrainingRecord
from segcompress_runner.processor import Processor
from segcompress_runner.provenance import Provenance, Software
from segcompress_runner.run_key import InputDigests, RunKeys

PADDLE: RuntimeName = "PaddleInference"
ONNX: RuntimeName = "ONNXRuntime"
CITYSCAPES = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation"),
    *("terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
)
_NOTHING: Any = None


@dataclass(frozen=True)
class Run:
    """What differs between the runs that tests look at."""

    names: Sequence[str] = ("background", "person")
    lost: float = 0.004
    """mIoU that the compressed model lost, about."""
    sparsity: float | None = 0.75
    layers: int = 40
    runtimes: Sequence[RuntimeName] = (PADDLE, ONNX)
    pictures: int = 3
    model_uri: str = "s3://models/pp_humanseg_lite/"


def result(folder: Path, run: Run = Run()) -> dict[str, Any]:
    """Return the content of a result.json; `folder` gets two files that stand for models."""
    return json.loads(report.serialised(document(folder, run)))  # type: ignore[no-any-return]


def page(folder: Path, run: Run = Run()) -> str:
    """Return the report that such a run writes."""
    return report.write(folder / "report", document(folder, run))[REPORT].read_text()


def document(folder: Path, run: Run) -> report.Document:
    """Return what a run that measured this would report."""
    spec, measured = _spec(run), _measured(folder, run)
    settings = settings_of(spec.strategy, ModelFileNames("model.pdmodel", "model.pdiparams"))
    verdict, gates = figures.judge(spec, settings, measured)
    software = Software("c0de" * 16, {"paddlepaddle": "2.6.2", "numpy": "1.26.4"})
    context = report.Context(
        keys=RunKeys("0123456789abcdef", "fedcba9876543210"),
        attempt="pod-1",
        threads=2,
        device="CPU",
        stage_seconds={"Fetch": 1.25, "Compress": 601.5, "Benchmark": 30.0},
        software=Provenance(software, software),
        inputs=InputDigests({"model.pdmodel": "etag:1"}, {"val.txt": "5ee0" * 16}, [("a.jpg", "etag:2")]),
    )
    recommended = figures.recommend(spec, settings, measured)
    return report.Document(spec, measured, _manifest(), verdict, gates, context, recommended)


def _spec(run: Run) -> JobSpec:
    return JobSpec.model_validate(
        {
            "model": {"inference": {"uri": run.model_uri}},
            "dataset": {
                "uri": "s3://datasets/humanseg/",
                "numClasses": len(run.names),
                "classNames": list(run.names),
                "trainTransforms": [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}],
                "valTransforms": [{"type": "Resize", "target_size": [192, 192]}, {"type": "Normalize"}],
            },
            "strategy": {
                "Distillation": {"alpha": 1.0, "loss": "l2", "node": ["relu_30.tmp_0"]},
                "UnstructurePrune": {"ratio": 0.75, "prune_params_type": "conv1x1_only"},
                "TrainConfig": {"train_iter": 9000, "eval_iter": 300, "learning_rate": 0.005},
            },
            "benchmark": {"runtimes": list(run.runtimes)},
            "output": {"uri": "s3://compressed/humanseg-sparse/"},
        }
    )


def _program() -> bytes:
    """Return a program of one operator."""
    from paddle.base.proto import framework_pb2

    program = framework_pb2.ProgramDesc()
    program.blocks.add(idx=0, parent_idx=-1).ops.add(type="relu")
    content: bytes = program.SerializeToString()
    return content


def _measured(folder: Path, run: Run) -> figures.Measurements:
    for name, size in (("before", 555_918), ("after", 555_918)):
        (folder / name).write_bytes(bytes(size))
    (folder / "x").write_bytes(_program())
    random = np.random.default_rng(7)
    before = np.clip(random.normal(0.78, 0.12, len(run.names)), 0.2, 0.99)
    after = np.clip(before - random.normal(run.lost, 0.01, len(run.names)), 0, 1)
    return figures.Measurements(
        model=ModelFiles(folder / "x", folder / "before"),
        compressed_model=ModelFiles(folder / "x", folder / "after"),
        baseline=[_checked(runtime, before, folder / "before") for runtime in run.runtimes],
        compressed=[_checked(runtime, after, folder / "after") for runtime in run.runtimes],
        sparsity=_sparsity(run),
        macs=Macs(90_123_456, 60_500_000),
        exported=Exported(),
        latencies=[_comparison(runtime, before, after) for runtime in run.runtimes],
        examples=_examples(run),
        processor=Processor("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", "", ("avx2", "avx512f")),
    )


def _examples(run: Run) -> list[Example]:
    """Return shapes on a ramp; the compressed model shifts them more than the baseline does."""
    return [_example(index, len(run.names)) for index in range(run.pictures)]


def _example(index: int, classes: int) -> Example:
    rows, columns = np.mgrid[0:120, 0:160]

    def map_of(shift: int) -> Any:
        ids = np.zeros((120, 160), np.uint8)
        for number in range(1, classes):
            middle = (
                20 + (37 * number + 11 * index) % 80 + shift,
                20 + (53 * number + 29 * index) % 120 + shift,
            )
            ids[(rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 < 400] = number
        return ids

    mask, before, after = map_of(0), map_of(1), map_of(3)
    image = np.stack([rows + 60, columns + 40, mask * 9 + 80], axis=-1).astype(np.uint8)
    mask[:6] = 255
    wrong = Wrong(index, mask.size, *(int(np.count_nonzero(one != mask)) for one in (before, after)))
    return example(f"images/{index:04}.jpg (val.txt line {index + 1})", wrong, image, mask, before, after)


def _checked(runtime: RuntimeName, iou: Any, file: Path) -> Checked:
    scores = Scores(float(np.mean(iou)), tuple(map(float, iou)), 0.95, 40, (), 12.5)
    boundary = BoundaryIou(float(np.mean(iou**2)), tuple(map(float, iou**2)))
    return Checked(
        Variant(runtime, "default", "CPU", int8=False, files=(file,), open=_NOTHING), scores, boundary
    )


def _comparison(runtime: RuntimeName, before: Any, after: Any) -> Comparison:
    first = 22.584 if runtime == PADDLE else 14.02

    def latency(iou: Any, p50: float) -> Latency:
        miou = float(np.mean(iou))
        times = (p50 * 0.97, p50, p50 * 1.12, p50 * 1.02)
        return Latency(runtime, "default", "CPU", False, "f32", miou, *times, queries=1024)  # noqa: FBT003

    interval = Interval(1.0138, 1.0361)
    return Comparison(runtime, "CPU", (latency(before, first),), (latency(after, first * 0.976),), interval)


def _sparsity(run: Run) -> Sparsity | None:
    if run.sparsity is None:
        return None
    layers = [
        Layer(f"conv2d_{index}.w_0", (64, 32, *([1, 1] if index % 3 else [3, 3])), zeros, bool(index % 3))
        for index in range(run.layers)
        for zeros in [run.sparsity if index % 3 else 0.0]
    ]
    return Sparsity(
        run.sparsity, run.sparsity * 0.6, (*layers, Layer("conv2d_0.b_0", (64,), 0.0, pruned=False))
    )


def _manifest() -> ModelManifest:
    random = np.random.default_rng(3)
    history = tuple(
        EvaluationRecord(
            iteration=300 * step,
            miou=0.72 + 0.05 * (1 - 0.9**step) + float(random.normal(0, 0.003)),
            ratio=min(0.15 + 0.6 * step / 15, 0.75),
            eligible=step >= 15,
        )
        for step in range(1, 31)
    )
    return ModelManifest(
        model_key="0123456789abcdef",
        attempt="pod-1",
        published="2026-01-02T03:04:05Z",
        files=(),
        training=TrainingRecord(
            iterations=9000,
            best_iteration=max(history[15:], key=lambda one: one.miou).iteration,
            seconds=601.5,
            processor="Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz",
            threads=2,
            history=history,
            losses=tuple(
                LossRecord(iteration=45 * step, loss=0.4 * 0.985**step + float(random.uniform(0.05, 0.07)))
                for step in range(1, 201)
            ),
        ),
    )

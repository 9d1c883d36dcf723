"""The stages that need Paddle, each a few lines: they hand work to the rooms and say which stage it is.

Importing this imports Paddle, which takes seconds; the pipeline does so once it knows that a run is new.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import paddle

from segcompress_api.act_settings import ActSettings
from segcompress_api.job import JobSpec, RuntimeName
from segcompress_runner.compression import training
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.checks import check_pictures, read_sizes
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.fit import check_fit
from segcompress_runner.inputs.lists import Lists
from segcompress_runner.inputs.model import ModelFiles, ModelInfo, inspect_model
from segcompress_runner.measurement import trouble, variants
from segcompress_runner.measurement.benchmark import Comparison
from segcompress_runner.measurement.benchmark import benchmark as compare
from segcompress_runner.measurement.evaluation import Options, Predict, Scores
from segcompress_runner.measurement.evaluation import evaluate as score
from segcompress_runner.measurement.sparsity import Sparsity, measure_sparsity
from segcompress_runner.measurement.variants import Candidate, Checked
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.progress import Progress, Silent, Stage


@dataclass(frozen=True)
class Means:
    """What a run computes with."""

    threads: int
    device: Literal["CPU", "GPU"]
    progress: Progress
    stop: Callable[[], bool]


@dataclass(frozen=True)
class Case:
    """A valid run: everything that the stages after validation need."""

    spec: JobSpec
    settings: ActSettings
    means: Means
    model: ModelFiles
    info: ModelInfo
    train: Pictures
    val: Pictures


@dataclass(frozen=True)
class After:
    """The saved model, evaluated in every way that Paddle runs it, and its zeros (None where quantised)."""

    checked: tuple[Checked, ...]
    sparsity: Sparsity | None


@dataclass(frozen=True)
class Exported:
    """Both models as ONNX, evaluated; nothing where ONNX Runtime was not asked for."""

    baseline: tuple[Checked, ...] = ()
    compressed: tuple[Checked, ...] = ()
    file: Path | None = None


def check_model(
    spec: JobSpec, settings: ActSettings, model: ModelFiles, pictures: int, device: str
) -> ModelInfo:
    """Check model, device and settings against each other; `pictures` is the number for training.

    Raises InvalidSettingError or InvalidInputError.
    """
    _check_device(device)
    info = inspect_model(model)
    training.check_training(info, settings, pictures, spec.dataset.batch_size)
    Pictures((), spec.dataset.train_transforms, mode="train")
    Pictures((), spec.dataset.val_transforms, mode="val")
    return info


def validate(spec: JobSpec, settings: ActSettings, model: ModelFiles, lists: Lists, means: Means) -> Case:
    """Check the pictures against model and transforms: all headers first, then every byte.

    Raises InvalidSettingError or InvalidInputError.
    """
    means.progress.start(Stage.VALIDATE, len({*lists.train, *lists.val}))
    info = check_model(spec, settings, model, len(lists.train), means.device)
    train = Pictures(lists.train, spec.dataset.train_transforms, mode="train", seed=spec.seed)
    val = Pictures(lists.val, spec.dataset.val_transforms, mode="val")
    sizes = read_sizes(lists, means.threads)
    check_fit(info, train.fitted(sizes), val.fitted(sizes))
    check_pictures(lists, spec.dataset, means.progress, means.threads)
    return Case(spec, settings, means, model, info, train, val)


def baseline(case: Case) -> tuple[Checked, ...]:
    """Evaluate the model as it came."""
    return _check(case, Candidate(case.model, quantised=False), "PaddleInference", Stage.BASELINE)


def compress(case: Case, before: Sequence[Checked], into: Path) -> training.Compressed:
    """Train and save, and say during the training where it loses what the baseline (`before`) can do."""
    into.mkdir(parents=True, exist_ok=True)
    progress = _Watchful(case.means.progress, case.settings)

    def evaluated(predict: Predict) -> Scores:
        scores = _score(case, predict, Silent())
        progress.heed(before[0].scores, scores, case.spec.dataset.class_names)
        return scores

    return training.compress(
        training.Training(
            model=case.model,
            info=case.info,
            settings=case.settings,
            pictures=case.train,
            evaluate=evaluated,
            batch_size=case.spec.dataset.batch_size,
            seed=case.spec.seed,
            threads=case.means.threads,
            device=case.means.device,
            stop=case.means.stop,
            progress=progress,
        ),
        into,
    )


class _Watchful:
    """Progress that adds a note where the training goes wrong, and what to change."""

    def __init__(self, progress: Progress, settings: ActSettings) -> None:
        self._progress = progress
        self._trend = trouble.LossTrend(settings.ramp_iterations)
        self._advice = trouble.ADVICE.format(rate=settings.train.learning_rate)

    def start(self, stage: Stage, total: int = 0) -> None:
        self._progress.start(stage, total)

    def step(self, done: int, **figures: float) -> None:
        self._progress.step(done, **figures)
        if "loss" in figures:
            self._warn(self._trend.growth(done, figures["loss"]))

    def note(self, message: str) -> None:
        self._progress.note(message)

    def heed(self, before: Scores, now: Scores, names: Sequence[str]) -> None:
        self._warn(trouble.collapse(before.class_iou, now.class_iou, now.confusion, names))

    def _warn(self, sign: str | None) -> None:
        if sign is not None:
            self._progress.note(f"warning: {sign}; {self._advice}")


def evaluate(case: Case, compressed: ModelFiles) -> After:
    """Evaluate the files that were saved, and count their zeros."""
    candidate = _candidate(case, compressed)
    checked = _check(case, candidate, "PaddleInference", Stage.EVALUATE)
    target = case.settings.sparsity
    if target is None:
        return After(checked, None)
    return After(checked, measure_sparsity(compressed, only_1x1=target.only_1x1))


def export(case: Case, compressed: ModelFiles, into: Path) -> Exported:
    """Make ONNX files where ONNX Runtime is asked for, and evaluate both."""
    if "ONNXRuntime" not in case.spec.benchmark.runtimes:
        return Exported()
    case.means.progress.start(Stage.EXPORT)
    into.mkdir(parents=True, exist_ok=True)
    before = export_onnx(case.model, into / "baseline.onnx")
    after = export_onnx(compressed, into / "model.onnx")
    return Exported(
        baseline=_check(case, Candidate(case.model, False, before), "ONNXRuntime", Stage.EXPORT),  # noqa: FBT003
        compressed=_check(case, _candidate(case, compressed, after), "ONNXRuntime", Stage.EXPORT),
        file=after,
    )


def benchmark(case: Case, before: Sequence[Checked], after: Sequence[Checked]) -> tuple[Comparison, ...]:
    """Measure latencies of both models in every checked variant, by turns."""
    picture = case.val[0][0]
    return compare(before, after, picture, case.spec.benchmark, case.means.progress)


def _candidate(case: Case, compressed: ModelFiles, onnx: Path | None = None) -> Candidate:
    return Candidate(compressed, case.settings.quantises, onnx)


def _check(case: Case, candidate: Candidate, runtime: RuntimeName, stage: Stage) -> tuple[Checked, ...]:
    """Evaluate every variant of `candidate` on one runtime."""
    progress = case.means.progress

    def evaluated(predict: Predict) -> Scores:
        progress.start(stage, len(case.val))
        return _score(case, predict, progress)

    offered = variants.variants(candidate, (runtime,), case.means.device)
    checked = variants.check(offered, evaluated, case.means.threads, _NOTHING_KNOWN)
    for one in checked:
        progress.note(f"{one.variant.runtime} ({one.variant.name}): mIoU {one.scores.miou:.4f}")
    return checked


def _score(case: Case, predict: Predict, progress: Progress) -> Scores:
    options = Options(case.spec.dataset.batch_size, case.means.threads)
    return score(predict, case.val, case.spec.dataset, options, progress)


_NOTHING_KNOWN: Mapping[tuple[RuntimeName, str], Scores] = {}


def _check_device(device: str) -> None:
    if device != "GPU":
        return
    if not paddle.is_compiled_with_cuda():
        raise InvalidSettingError(
            "spec.runtime.device: GPU, but this installation has the Paddle for CPUs; "
            "use the GPU image, or device: CPU (segcompress run --device cpu)"
        )
    if paddle.device.cuda.device_count() == 0:
        raise InvalidSettingError("spec.runtime.device: GPU, but no GPU is visible here")

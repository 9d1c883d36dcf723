"""The stages up to the training, each a few lines: they hand work to the packages and say which stage it is.

`measuring` has those after it: what is here decides which weights are published, and counts in their key.

Importing this imports Paddle, which takes seconds; the pipeline does so once it knows that a run is new.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segcompress_api.act_settings import ActSettings
from segcompress_api.benchmark import RuntimeName
from segcompress_api.job import JobSpec
from segcompress_runner import workers
from segcompress_runner.compression import training
from segcompress_runner.compression.device import check_device
from segcompress_runner.compression.task import Opener, Outputs
from segcompress_runner.findings import Checks
from segcompress_runner.inputs import census
from segcompress_runner.inputs.checks import Manner, check_pictures, read_sizes
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.fit import check_classes, check_fit
from segcompress_runner.inputs.lists import Lists
from segcompress_runner.inputs.memory import activation_bytes
from segcompress_runner.inputs.model import ModelFiles, ModelInfo, inspect_model
from segcompress_runner.measurement import trouble, variants
from segcompress_runner.measurement.agreement import LabelMaps
from segcompress_runner.measurement.boundary import Boundaries, BoundaryIou
from segcompress_runner.measurement.evaluation import Observe, Options, Predict, Scores, at_once, batch_size
from segcompress_runner.measurement.evaluation import evaluate as score
from segcompress_runner.measurement.parallel import Work, processes_for
from segcompress_runner.measurement.runtimes.onnx_runtime import OnnxSession
from segcompress_runner.measurement.runtimes.sparse import sparsity_warning
from segcompress_runner.measurement.runtimes.table import check_runtimes
from segcompress_runner.measurement.variants import Candidate, Checked, Variant
from segcompress_runner.memory import Memory
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.progress import Progress, Silent, Stage


@dataclass(frozen=True)
class Means:
    """What a run computes with."""

    threads: int
    device: Literal["CPU", "GPU"]
    memory: Memory
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


def check_model(
    spec: JobSpec, settings: ActSettings, model: ModelFiles, pictures: int | None, device: str
) -> None:
    """Check model, device and settings against each other.

    `pictures` is the number for training, None where it is not known yet.

    Raises InvalidSettingError or InvalidInputError.
    """
    check_device(device)
    info = inspect_model(model)
    check_classes(info, spec.dataset.num_classes)
    for check in model_checks(spec, settings, model, info, pictures):
        check()


def model_checks(
    spec: JobSpec, settings: ActSettings, model: ModelFiles, info: ModelInfo, pictures: int | None
) -> Checks:
    """Yield checks that do not depend on one another, and need no GPU; each raises InvalidSettingError."""
    dataset = spec.dataset
    yield lambda: check_runtimes(spec.benchmark.runtimes, spec.exports, quantises=settings.quantises)
    yield from training.training_checks(model, info, settings, pictures, dataset.batch_size)
    yield lambda: Pictures((), dataset.train_transforms, mode="train")
    yield lambda: Pictures((), dataset.val_transforms, mode="val")


def validate(spec: JobSpec, settings: ActSettings, model: ModelFiles, lists: Lists, means: Means) -> Case:
    """Check the pictures against a model that was checked and the transforms: all headers, then every byte.

    Raises InvalidSettingError or InvalidInputError.
    """
    means.progress.start(Stage.VALIDATE, len({*lists.train, *lists.val}))
    if means.threads > 1:
        workers.prepare()  # for evaluations and trainings; it takes seconds
    info = inspect_model(model)
    train = Pictures(lists.train, spec.dataset.train_transforms, mode="train", seed=spec.seed)
    val = Pictures(lists.val, spec.dataset.val_transforms, mode="val")
    manner = Manner(means.threads)
    sizes = read_sizes(lists, manner)
    check_fit(info, train.fitted(sizes), val.fitted(sizes))
    counted = check_pictures(lists, spec.dataset, means.progress, manner)
    unpaid = sparsity_warning(settings, spec.benchmark.runtimes)
    for field, warning in (*census.warnings(counted, spec.dataset), *([unpaid] if unpaid else [])):
        means.progress.note(f"warning: {field}: {warning}")
    case = Case(spec, settings, means, model, info, train, val)
    (height, width), memory = val[0][0].shape[1:], means.memory
    means.progress.note(
        f"evaluating pictures of {height}x{width} (height x width), up to {_at_once(case)} at once: "
        f"they may take {memory.evaluation >> 20} MiB and reading ahead {memory.reading >> 20} MiB of "
        f"{memory.total >> 20} MiB, {memory.origin}"
    )
    return case


def _at_once(case: Case) -> int:
    """Return how many pictures memory holds while they are evaluated, by the size of the first one."""
    height, width = case.val[0][0].shape[1:]
    layers = activation_bytes(case.model, 1, (height, width)) or 0
    return at_once(height, width, case.spec.dataset.num_classes, case.means.memory.evaluation, layers)


def predictions(folder: Path) -> LabelMaps:
    """Return where the baseline's predictions are kept, to be compared with the compressed model's."""
    return LabelMaps(folder / "baseline.maps")


def baseline(case: Case, predicted: LabelMaps) -> tuple[Checked, ...]:
    """Evaluate the model as it came, on Paddle Inference, and keep what it predicted."""
    candidate = Candidate(case.model, quantised=False)
    return evaluated(case, candidate, SAVED, Stage.BASELINE, (predicted.keep,))


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
            reading=case.means.memory.reading,
            device=case.means.device,
            stop=case.means.stop,
            progress=progress,
            quick=quick_opener(case.means.threads) if case.means.device == "CPU" else None,
        ),
        into,
    )


def quick_opener(threads: int) -> Opener:
    """Return what opens a model where the CPU runs it faster than in Paddle's executor: ONNX Runtime."""

    def opened(files: ModelFiles) -> Outputs:
        exported = export_onnx(files, files.program.with_suffix(".onnx"))
        return OnnxSession(exported, threads, spinning=False).outputs

    return opened


class _Watchful:
    """Progress that adds a note where the training goes wrong, and what to change."""

    def __init__(self, progress: Progress, settings: ActSettings) -> None:
        self._progress = progress
        self._trainings = iter(settings.trainings)
        self._follow(settings)

    def start(self, stage: Stage, total: int = 0) -> None:
        if total:
            self._follow(next(self._trainings))
        self._progress.start(stage, total)

    def step(self, done: int, **figures: float) -> None:
        self._progress.step(done, **figures)
        if "loss" in figures:
            self._warn(self._trend.growth(done, figures["loss"]))

    def note(self, message: str) -> None:
        self._progress.note(message)

    def heed(self, before: Scores, now: Scores, names: Sequence[str]) -> None:
        self._warn(trouble.collapse(before.class_iou, now.class_iou, now.confusion, names))

    def _follow(self, training: ActSettings) -> None:
        self._trend = trouble.LossTrend(training.ramp_iterations)
        self._advice = trouble.advice(None if training.train is None else training.train.learning_rate)

    def _warn(self, sign: str | None) -> None:
        if sign is not None:
            self._progress.note(f"warning: {sign}; {self._advice}")


def evaluated(
    case: Case,
    candidate: Candidate,
    runtime: RuntimeName,
    stage: Stage,
    observers: tuple[Observe, ...] = (),
) -> tuple[Checked, ...]:
    """Evaluate every variant of `candidate` on one runtime; `observers` see what the first one predicts."""
    progress = case.means.progress
    offered = variants.variants(candidate, runtime, case.means.device, quantises=case.settings.quantises)
    processes = _processes(case, offered[0].size_bytes)

    def scored(variant: Variant, predict: Predict) -> tuple[Scores, BoundaryIou]:
        progress.start(stage, len(case.val))
        boundaries = Boundaries(case.spec.dataset)
        others = observers if variant is offered[0] else ()
        scores = _score(case, predict, progress, (boundaries.observe, *others), variant.predictors(processes))
        return scores, boundaries.scores()

    checked = variants.check(offered, scored, case.means.threads, processes)
    for one in checked:
        progress.note(f"{one.variant}: mIoU {one.scores.miou:.4f}, boundary IoU {one.boundary.mean:.4f}")
    return checked


def _processes(case: Case, model: int) -> int:
    """Return how many processes evaluate a model of so many bytes."""
    work = Work(len(case.val), _at_once(case), model)
    return processes_for(work, case.means.threads, case.means.memory.processes)


def _score(
    case: Case, predict: Predict, progress: Progress, observers: tuple[Observe, ...] = (), predictors: int = 1
) -> Scores:
    means, memory = case.means, case.means.memory
    size = batch_size(_at_once(case), predictors)
    options = Options(size, means.threads, observers, memory.evaluation, memory.reading, predictors)
    return score(predict, case.val, case.spec.dataset, options, progress)


SAVED: RuntimeName = "PaddleInference"
"""The runtime that loads a saved model as it is: its first variant is what an export is held against."""

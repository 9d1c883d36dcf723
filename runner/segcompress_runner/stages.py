"""The stages that need Paddle, each a few lines: they hand work to the packages and say which stage it is.

Importing this imports Paddle, which takes seconds; the pipeline does so once it knows that a run is new.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from segcompress_api.act_settings import ActSettings
from segcompress_api.job import JobSpec, RuntimeName
from segcompress_runner.compression import training
from segcompress_runner.compression.device import check_device
from segcompress_runner.findings import Checks
from segcompress_runner.inputs import census
from segcompress_runner.inputs.checks import Manner, check_pictures, read_sizes
from segcompress_runner.inputs.dataset import Pictures, read_image
from segcompress_runner.inputs.fit import check_fit
from segcompress_runner.inputs.lists import Lists
from segcompress_runner.inputs.model import ModelFiles, ModelInfo, inspect_model
from segcompress_runner.measurement import trouble, variants
from segcompress_runner.measurement.agreement import Agreement, LabelMaps
from segcompress_runner.measurement.benchmark import Comparison
from segcompress_runner.measurement.benchmark import benchmark as compare
from segcompress_runner.measurement.boundary import Boundaries, BoundaryIou
from segcompress_runner.measurement.evaluation import Observe, Options, Predict, Scores, batch_size
from segcompress_runner.measurement.evaluation import evaluate as score
from segcompress_runner.measurement.gates import Parity
from segcompress_runner.measurement.runtimes.row import ArtefactName
from segcompress_runner.measurement.runtimes.table import RUNTIMES, artefacts, check_runtimes
from segcompress_runner.measurement.sparsity import Sparsity, measure_sparsity
from segcompress_runner.measurement.variants import Candidate, Checked, Variant
from segcompress_runner.measurement.worst import Example, Worst, Wrong, example
from segcompress_runner.memory import Memory
from segcompress_runner.outputs.artefacts import ARTEFACTS, Exported
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


@dataclass(frozen=True)
class After:
    """The saved model as each runtime runs it, its zeros (None where nothing is pruned), and its exports.

    `baseline` holds what the runtimes that load an export make of the baseline, `examples` the pictures on
    which the saved model got worst.
    """

    baseline: tuple[Checked, ...]
    checked: tuple[Checked, ...]
    sparsity: Sparsity | None
    exported: Exported
    examples: tuple[Example, ...]


def check_model(
    spec: JobSpec, settings: ActSettings, model: ModelFiles, pictures: int | None, device: str
) -> None:
    """Check model, device and settings against each other.

    `pictures` is the number for training, None where it is not known yet.

    Raises InvalidSettingError or InvalidInputError.
    """
    check_device(device)
    info = inspect_model(model)
    for check in model_checks(spec, settings, model, info, pictures):
        check()


def model_checks(
    spec: JobSpec, settings: ActSettings, model: ModelFiles, info: ModelInfo, pictures: int | None
) -> Checks:
    """Yield checks that do not depend on one another, and need no GPU; each raises InvalidSettingError."""
    dataset = spec.dataset
    yield lambda: check_runtimes(spec.benchmark.runtimes, quantises=settings.quantises)
    yield from training.training_checks(model, info, settings, pictures, dataset.batch_size)
    yield lambda: Pictures((), dataset.train_transforms, mode="train")
    yield lambda: Pictures((), dataset.val_transforms, mode="val")


def validate(spec: JobSpec, settings: ActSettings, model: ModelFiles, lists: Lists, means: Means) -> Case:
    """Check the pictures against a model that was checked and the transforms: all headers, then every byte.

    Raises InvalidSettingError or InvalidInputError.
    """
    means.progress.start(Stage.VALIDATE, len({*lists.train, *lists.val}))
    info = inspect_model(model)
    train = Pictures(lists.train, spec.dataset.train_transforms, mode="train", seed=spec.seed)
    val = Pictures(lists.val, spec.dataset.val_transforms, mode="val")
    manner = Manner(means.threads)
    sizes = read_sizes(lists, manner)
    check_fit(info, train.fitted(sizes), val.fitted(sizes))
    counted = check_pictures(lists, spec.dataset, means.progress, manner)
    for field, warning in census.warnings(counted, spec.dataset):
        means.progress.note(f"warning: {field}: {warning}")
    height, width = val[0][0].shape[1:]
    memory = means.memory
    batch = batch_size(height, width, spec.dataset.num_classes, memory.batch)
    means.progress.note(
        f"evaluating pictures of {height}x{width} (height x width) {batch} at a time, which may take "
        f"{memory.batch >> 20} MiB and reading ahead {memory.reading >> 20} MiB of {memory.total >> 20} MiB, "
        f"{memory.origin}"
    )
    return Case(spec, settings, means, model, info, train, val)


def predictions(folder: Path) -> LabelMaps:
    """Return where the baseline's predictions are kept, to be compared with the compressed model's."""
    return LabelMaps(folder / "baseline.maps")


def baseline(case: Case, predicted: LabelMaps) -> tuple[Checked, ...]:
    """Evaluate the model as it came, on Paddle Inference, and keep what it predicted."""
    candidate = Candidate(case.model, quantised=False)
    return _check(case, candidate, _SAVED, Stage.BASELINE, (predicted.keep,))


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
        ),
        into,
    )


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
        self._advice = trouble.ADVICE.format(rate=training.train.learning_rate)

    def _warn(self, sign: str | None) -> None:
        if sign is not None:
            self._progress.note(f"warning: {sign}; {self._advice}")


def evaluate(case: Case, compressed: ModelFiles, before: LabelMaps, into: Path) -> After:
    """Evaluate the files that were saved on each runtime asked for, and count their zeros.

    What a runtime cannot load as it is gets exported, both models alike, and held against the saved model.
    """
    maps, worst = LabelMaps(into / "saved.maps"), Worst(before, case.spec.dataset.ignore_index)
    candidate = _candidate(case, compressed)
    saved = _check(case, candidate, _SAVED, Stage.EVALUATE, (maps.keep, worst.observe))
    examples = tuple(_example(case, one, before, maps) for one in worst.pictures())
    target = case.settings.sparsity
    zeros = None if target is None else measure_sparsity(compressed, target)
    exports = [_export(case, compressed, name, into) for name in artefacts(case.spec.benchmark.runtimes)]
    baseline, after, exported = _on_exports(case, exports, saved, maps)
    return After(tuple(baseline), (*saved, *after), zeros, exported, examples)


def _example(case: Case, wrong: Wrong, before: LabelMaps, after: LabelMaps) -> Example:
    sample = case.val.samples[wrong.index]
    _, mask, _ = case.val[wrong.index]
    maps = [kept.read(wrong.index, mask.shape) for kept in (before, after)]
    return example(sample.named(sample.image), wrong, read_image(sample), mask, *maps)


@dataclass(frozen=True)
class _Pair:
    """Both models as one artefact."""

    name: ArtefactName
    before: Candidate
    after: Candidate


def _export(case: Case, compressed: ModelFiles, name: ArtefactName, into: Path) -> _Pair:
    case.means.progress.start(Stage.EXPORT)
    artefact = ARTEFACTS[name]
    before = artefact.make(case.model, into / f"baseline-{artefact.file}")
    after = artefact.make(compressed, into / artefact.file)
    return _Pair(
        name,
        Candidate(case.model, quantised=False, exports={name: before}),
        replace(_candidate(case, compressed), exports={name: after}),
    )


def _on_exports(
    case: Case, pairs: Sequence[_Pair], saved: Sequence[Checked], maps: LabelMaps
) -> tuple[list[Checked], list[Checked], Exported]:
    """Return both models' scores on the runtimes that load an export, and the exports with their parity."""
    before: list[Checked] = []
    after: list[Checked] = []
    parities = []
    for pair in pairs:
        artefact, agreement = ARTEFACTS[pair.name], Agreement()
        for runtime in case.spec.benchmark.runtimes:
            if RUNTIMES[runtime].artefact != pair.name:
                continue
            before += _check(case, pair.before, runtime, Stage.EXPORT)
            after += _check(case, pair.after, runtime, Stage.EXPORT, (maps.compare(agreement),))
        parities.append(
            Parity(
                artefact=pair.name,
                saved_miou=saved[0].scores.miou,
                miou=after[-1].scores.miou,
                differing=agreement.differing_share,
                bounds=artefact.bounds[pair.after.kind],
            )
        )
    files = {ARTEFACTS[pair.name].file: pair.after.exports[pair.name] for pair in pairs}
    return before, after, Exported(files, tuple(parities))


def benchmark(case: Case, before: Sequence[Checked], after: Sequence[Checked]) -> tuple[Comparison, ...]:
    """Measure latencies of both models in every checked variant, by turns."""
    picture = case.val[0][0]
    return compare(before, after, picture, case.spec.benchmark, case.means.progress)


def _candidate(case: Case, compressed: ModelFiles) -> Candidate:
    return Candidate(compressed, case.settings.quantises)


def _check(
    case: Case,
    candidate: Candidate,
    runtime: RuntimeName,
    stage: Stage,
    observers: tuple[Observe, ...] = (),
) -> tuple[Checked, ...]:
    """Evaluate every variant of `candidate` on one runtime; `observers` see what the first one predicts."""
    progress = case.means.progress
    offered = variants.variants(candidate, runtime, case.means.device, quantises=case.settings.quantises)

    def evaluated(variant: Variant, predict: Predict) -> tuple[Scores, BoundaryIou]:
        progress.start(stage, len(case.val))
        boundaries = Boundaries(case.spec.dataset)
        others = observers if variant is offered[0] else ()
        scores = _score(case, predict, progress, (boundaries.observe, *others))
        return scores, boundaries.scores()

    checked = variants.check(offered, evaluated, case.means.threads)
    for one in checked:
        progress.note(f"{one.variant}: mIoU {one.scores.miou:.4f}, boundary IoU {one.boundary.mean:.4f}")
    return checked


def _score(case: Case, predict: Predict, progress: Progress, observers: tuple[Observe, ...] = ()) -> Scores:
    means = case.means
    options = Options(
        workers=means.threads, observers=observers, memory=means.memory.batch, reading=means.memory.reading
    )
    return score(predict, case.val, case.spec.dataset, options, progress)


_SAVED: RuntimeName = "PaddleInference"
"""The runtime that loads a saved model as it is: its first variant is what an export is held against."""

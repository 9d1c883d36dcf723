"""One run, as a table of contents.

Find, reuse?, fetch, validate, baseline, compress, publish the weights, evaluate, export, benchmark, gates,
publish the figures. Nothing of Paddle is imported before it is known that something is new: a reused run ends
in a second, and one whose weights are published does not train.
"""

import json
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from segcompress_api.act_settings import ActSettings, settings_of
from segcompress_api.contract import RunResult
from segcompress_api.job import JobSpec
from segcompress_runner import run_key
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.annotations.classes import Classes, class_list, with_class_names
from segcompress_runner.inputs.annotations.masks import with_masks
from segcompress_runner.inputs.checks import Manner
from segcompress_runner.inputs.facts import with_preset
from segcompress_runner.inputs.fetch import (
    Found,
    check_space,
    check_unchanged,
    fetch_dataset,
    find_inputs,
    with_strategy,
)
from segcompress_runner.inputs.lists import Lists, read_lists
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.inputs.paddle_start import start_paddle
from segcompress_runner.inputs.reader import with_reader
from segcompress_runner.inputs.sources import JobModel
from segcompress_runner.inputs.transforms import check_transforms
from segcompress_runner.memory import Memory, memory_of
from segcompress_runner.outputs import output_folder, publish
from segcompress_runner.outputs.manifests import EvaluationRecord, LossRecord, Place, TrainingRecord
from segcompress_runner.outputs.publish import PublishedModel
from segcompress_runner.processor import Processor
from segcompress_runner.progress import Progress, Stage, Timed
from segcompress_runner.provenance import Provenance
from segcompress_runner.run_key import RunKeys
from segcompress_runner.stopping import StopFlag, Stoppable
from segcompress_runner.storage import Address, Storage, parse_address

if TYPE_CHECKING:  # these import Paddle
    from segcompress_runner.measurement.variants import Checked
    from segcompress_runner.outputs.figures import Measurements
    from segcompress_runner.stages import Case


@dataclass(frozen=True)
class Request:
    """What to run, and on what. `output`, where given, is the one folder for everything (`--output DIR`)."""

    spec: JobSpec
    attempt: str
    threads: int
    device: Literal["CPU", "GPU"]
    processor: Processor
    software: Provenance
    output: Address | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a run works with: where bytes are, scratch space, who listens, who may stop it."""

    storage: Storage
    work: Path
    progress: Progress
    stop: StopFlag
    work_bytes: int | None = None
    """Size limit of the scratch space, where it has one of its own."""
    memory: Memory = field(default_factory=lambda: memory_of(os.environ))


@dataclass(frozen=True)
class _Wanted:
    """What a run is about, before any picture of it is fetched: everything that its keys depend on."""

    request: Request
    spec: JobSpec
    settings: ActSettings
    keys: RunKeys
    place: Place
    found: Found
    classes: Classes


@dataclass(frozen=True)
class _Job(_Wanted):
    """The same with its model and its pictures at hand."""

    model: ModelFiles
    lists: Lists


def run(request: Request, around: Surroundings) -> RunResult:
    """Run whatever is not published yet: training and measurement, the measurement, or nothing.

    A missed gate is a result too. Raises RunError and InvalidSpecError for every end that is short of a
    measured model.
    """
    progress = Timed(Stoppable(around.progress, around.stop))
    storage = around.storage
    progress.start(Stage.FETCH)
    check_transforms(request.spec.dataset)
    spec = with_reader(request.spec, storage)
    source = JobModel(spec, storage, around.work)
    wanted = _find(request, spec, source, storage, progress)
    published = publish.find_measurement(storage, wanted.place, wanted.keys)
    if published is not None:
        return published
    model = publish.find_model(storage, wanted.place, wanted.keys.model, around.work / "published")
    if model is not None:
        progress.note(f"found the weights that were published on {model.manifest.published}")
        wanted = replace(wanted, found=wanted.found.for_measuring())
    publish.reserve(storage, wanted.place, datetime.now(UTC))
    job = _fetch(wanted, source, around, progress, training=model is None)
    measured = _measure(job, model, around, progress)
    check_unchanged(job.found, storage)
    progress.start(Stage.PUBLISH, len(measured.files))
    return publish.publish_measurement(storage, job.place, measured, progress.step)


def _find(request: Request, spec: JobSpec, source: JobModel, storage: Storage, progress: Progress) -> _Wanted:
    """Settle what the spec leaves to the run, look up its inputs, and name it by its keys."""
    spec, settings = settle(spec, source, storage)
    for note in settings.notes:
        progress.note(note)
    if request.spec.strategy != spec.strategy:
        progress.note(f"strategy: {json.dumps(spec.strategy.written())}")
    found = find_inputs(spec, source, storage)
    classes = class_list(spec.dataset, found.lists)
    spec = with_class_names(spec, classes)
    keys = _keys(request, spec, settings, found)
    return _Wanted(request, spec, settings, keys, _place(request, keys, found), found, classes)


def _fetch(
    wanted: _Wanted, source: JobModel, around: Surroundings, progress: Progress, *, training: bool
) -> _Job:
    """Fetch the model, refuse what it tells of the settings, and only then fetch the pictures."""
    spec, found, inputs = wanted.spec, wanted.found, around.work / "inputs"
    check_space(found, inputs, around.work, around.work_bytes)
    progress.start(Stage.FETCH, found.files)
    for note in found.model.notes:
        progress.note(note)
    files = source.files(progress.step)
    start_paddle(around.stop.listen_again)
    request = wanted.request
    _check_model(spec, wanted.settings, files, found.training_pictures, request.device)
    dataset = fetch_dataset(found, around.storage, inputs, progress.step)
    lists = read_lists(dataset, spec.dataset, around.work / "shards", training=training)
    manner = Manner(request.threads)
    lists = with_masks(lists, spec.dataset, wanted.classes, around.work / "masks", manner)
    return _Job(**vars(wanted), model=files, lists=lists)


def settle(spec: JobSpec, model: JobModel, storage: Storage) -> tuple[JobSpec, ActSettings]:
    """Return the spec with what its ACT file or its preset means written out, and what its strategy means."""
    source = spec.strategy.config_uri
    whole, note = with_preset(with_strategy(spec, storage), source, model, storage)
    settings = meaning_of(whole, source or "spec.strategy")
    if note is not None:
        settings = replace(settings, notes=(note, *settings.notes))
    return whole, settings


def meaning_of(spec: JobSpec, field: str) -> ActSettings:
    """Return what the sections under `strategy` mean, by themselves and for the gates."""
    settings = settings_of(spec.strategy, spec.model.files, field)
    if spec.acceptance.min_sparsity is not None and settings.sparsity is None:
        raise InvalidSettingError(
            "spec.acceptance.minSparsity: the strategy sets no weights to zero; leave it out"
        )
    return settings


def _keys(request: Request, spec: JobSpec, settings: ActSettings, found: Found) -> RunKeys:
    software = request.software
    model = run_key.model_key(spec, settings, found.digests(), request.device, software.weights)
    measurement = run_key.measurement_key(
        model, spec, request.processor, request.threads, software.measurement
    )
    return RunKeys(model, measurement)


def _place(request: Request, keys: RunKeys, found: Found) -> Place:
    if request.output is not None:
        output_folder.check_apart(request.output, found.model.folder, found.model.files)
        return output_folder.flat_place(request.output, request.attempt)
    output = parse_address(request.spec.output.uri, "spec.output.uri")
    return publish.bucket_place(output, keys.model, request.attempt)


def _check_model(
    spec: JobSpec, settings: ActSettings, model: ModelFiles, pictures: int | None, device: str
) -> None:
    """Refuse before the pictures are fetched what their number and the model tell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Paddle's packages about one another
        from segcompress_runner import stages

    stages.check_model(spec, settings, model, pictures, device)


def _measure(
    job: _Job, model: PublishedModel | None, around: Surroundings, progress: Timed
) -> publish.Measurement:
    """Do everything that needs the pictures; train only without a `model`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Paddle's packages about one another
        from segcompress_runner import measuring, stages
        from segcompress_runner.outputs import figures

    request = job.request
    means = stages.Means(request.threads, request.device, around.memory, progress, around.stop)
    case = stages.validate(job.spec, job.settings, job.model, job.lists, means)
    predicted = stages.predictions(around.work / "exports")
    baseline = stages.baseline(case, predicted)
    origin = measuring.export_baseline(case, around.work / "exports")
    if model is None:
        model = _train(job, case, baseline, around, progress)
    after = measuring.evaluate(case, origin, model.files, predicted, around.work / "exports")
    before = (*baseline, *after.baseline)
    measured = figures.Measurements(
        model=case.model,
        compressed_model=model.files,
        baseline=before,
        compressed=after.checked,
        sparsity=after.sparsity,
        macs=after.macs,
        examples=after.examples,
        exported=after.exported,
        latencies=measuring.benchmark(case, before, after.checked),
        processor=request.processor,
    )
    return _judged(job, model, measured, around.work / "report", progress)


def _train(
    job: _Job, case: "Case", baseline: Sequence["Checked"], around: Surroundings, progress: Timed
) -> PublishedModel:
    """Train, and publish the weights at once: whatever ends this run later, they are not trained again."""
    from segcompress_runner import stages

    compressed = stages.compress(case, baseline, around.work / "compressed")
    check_unchanged(job.found, around.storage)
    training = TrainingRecord(
        iterations=compressed.iterations,
        best_iteration=compressed.best_iteration,
        seconds=compressed.seconds,
        processor=str(job.request.processor),
        threads=job.request.threads,
        history=tuple(EvaluationRecord.of(evaluation) for evaluation in compressed.history),
        strategy=job.spec.strategy.written(),
        losses=tuple(LossRecord(iteration=one.iteration, loss=one.loss) for one in compressed.losses),
    )
    exported = job.model if job.found.model.network is not None else None
    trained = publish.Trained(job.keys.model, compressed.files, training, datetime.now(UTC), exported)
    progress.start(Stage.PUBLISH)
    return publish.publish_model(around.storage, job.place, trained, around.work / "published", progress.step)


def _judged(
    job: _Job, model: PublishedModel, measured: "Measurements", into: Path, progress: Timed
) -> publish.Measurement:
    """Hold the figures against the gates, and write the report."""
    from segcompress_runner.outputs import figures, report

    request = job.request
    verdict, gates = figures.judge(job.spec, job.settings, measured)
    context = report.Context(
        keys=job.keys,
        attempt=request.attempt,
        threads=request.threads,
        device=request.device,
        stage_seconds=progress.seconds(),
        software=request.software,
        inputs=job.found.digests(),
    )
    recommended = figures.recommend(job.spec, job.settings, measured)
    document = report.Document(job.spec, measured, model.manifest, verdict, gates, context, recommended)
    return publish.Measurement(
        keys=job.keys,
        model=model,
        verdict=verdict,
        processor=str(request.processor),
        threads=request.threads,
        files=report.write(into, document),
        now=datetime.now(UTC),
    )

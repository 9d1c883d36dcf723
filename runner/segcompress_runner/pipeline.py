"""One run, as a table of contents.

Fetch, reuse?, validate, baseline, compress, evaluate, export, benchmark, gates, publish. Nothing of Paddle is
imported before it is known that the run is new: a reused one ends in a second.
"""

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from segcompress_api.act_settings import ActSettings, settings_of
from segcompress_api.act_settings import ModelFiles as ModelFileNames
from segcompress_api.contract import RunResult
from segcompress_api.job import JobSpec
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.checks import check_pictures
from segcompress_runner.inputs.fetch import check_unchanged, fetch_inputs, find_inputs, with_strategy
from segcompress_runner.inputs.lists import Lists, read_lists
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.inputs.paddle_start import start_paddle
from segcompress_runner.inputs.transforms import check_transforms
from segcompress_runner.outputs.publish import (
    Finished,
    Place,
    bucket_place,
    find_published,
    flat_place,
    publish,
    reserve,
)
from segcompress_runner.progress import Progress, Stage, Timed
from segcompress_runner.run_key import run_key
from segcompress_runner.stopping import StopFlag, Stoppable
from segcompress_runner.storage import Address, Storage, parse_address


@dataclass(frozen=True)
class Request:
    """What to run. `output`, where given, is the one folder that everything goes to (`--output DIR`)."""

    spec: JobSpec
    attempt: str
    threads: int
    device: Literal["CPU", "GPU"]
    output: Address | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a run works with: where bytes are, scratch space, who listens, who may stop it."""

    storage: Storage
    work: Path
    progress: Progress
    stop: StopFlag


def run(request: Request, around: Surroundings) -> RunResult:
    """Run, or find that the same run is published; a missed gate is a result too.

    Raises RunError and InvalidSpecError for every end that is short of a measured model.
    """
    progress = Timed(Stoppable(around.progress, around.stop))
    storage = around.storage

    progress.start(Stage.FETCH)
    spec, settings = _settle(request.spec, storage)
    found = find_inputs(spec, storage)
    key = run_key(spec, settings, found.digests(), request.device)
    place = _place(request, key)
    published = find_published(storage, place, key)
    if published is not None:
        return published
    reserve(storage, place, datetime.now(UTC))
    progress.start(Stage.FETCH, found.files)
    inputs = fetch_inputs(found, storage, around.work / "inputs", progress.step)

    lists = read_lists(inputs.dataset, spec.dataset)
    progress.start(Stage.VALIDATE, len({*lists.train, *lists.val}))
    check_pictures(lists, spec.dataset, progress, request.threads)
    job = _Job(request, spec, settings, key, inputs.model, lists)

    finished = _measure(job, around, progress)

    check_unchanged(found, storage)
    progress.start(Stage.PUBLISH, len(finished.files))
    return publish(storage, place, finished, progress.step)


@dataclass(frozen=True)
class _Job:
    request: Request
    spec: JobSpec
    settings: ActSettings
    key: str
    model: ModelFiles
    lists: Lists


def _settle(spec: JobSpec, storage: Storage) -> tuple[JobSpec, ActSettings]:
    """Return the spec with its strategy written out, and what that means; no input is read but configUri."""
    source = spec.strategy.config_uri
    check_transforms(spec.dataset)
    whole = with_strategy(spec, storage)
    model = spec.model.inference
    files = ModelFileNames(model.model_file, model.params_file)
    settings = settings_of(whole.strategy, files, source or "spec.strategy")
    if spec.acceptance.min_sparsity is not None and settings.sparsity is None:
        raise InvalidSettingError("spec.acceptance.minSparsity: the strategy prunes nothing; leave it out")
    return whole, settings


def _place(request: Request, key: str) -> Place:
    if request.output is not None:
        return flat_place(request.output)
    return bucket_place(parse_address(request.spec.output.uri, "spec.output.uri"), key, request.attempt)


def _measure(job: _Job, around: Surroundings, progress: Timed) -> Finished:
    """Do everything that needs Paddle."""
    start_paddle(around.stop.listen_again)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Paddle's packages about one another
        from segcompress_runner import stages
        from segcompress_runner.outputs import figures, report

    request = job.request
    means = stages.Means(request.threads, request.device, progress, around.stop)
    case = stages.validate(job.spec, job.settings, job.model, job.lists, means)
    baseline = stages.baseline(case)
    compressed = stages.compress(case, around.work / "compressed")
    after = stages.evaluate(case, compressed)
    exported = stages.export(case, compressed, around.work / "onnx")
    before = (*baseline, *exported.baseline)
    checked = (*after.checked, *exported.compressed)
    latencies = stages.benchmark(case, before, checked)
    measured = figures.Measurements(
        model=case.model,
        training=compressed,
        baseline=before,
        compressed=checked,
        sparsity=after.sparsity,
        onnx_file=exported.file,
        latencies=latencies,
    )
    verdict, gates = figures.judge(job.spec, job.settings, measured)
    context = report.Context(job.key, request.attempt, request.threads, request.device, progress.seconds())
    document = report.Document(job.spec, job.settings, measured, verdict, gates, context)
    files = report.write(around.work / "report", document)
    return Finished(job.key, request.attempt, verdict, files, datetime.now(UTC))

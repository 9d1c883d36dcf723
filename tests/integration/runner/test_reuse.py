"""What is published is not computed again, and is computed again where it would be another: real runs."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from minio import Minio

import segcompress_api
import segcompress_runner
from devcluster.objectstore import ObjectStore
from segcompress_api.conditions import Reason
from segcompress_api.contract import RunResult
from segcompress_api.job import JobSpec
from segcompress_runner.pipeline import Request, Surroundings, run
from segcompress_runner.processor import Processor, this_processor
from segcompress_runner.progress import Stage
from segcompress_runner.provenance import installed
from segcompress_runner.stopping import StopFlag
from segcompress_runner.storage import S3Settings, S3Storage

from .conftest import VAL, make_spec, put, read
from .published_files import published_files
from .runs import Ended, Runner, Spec, changed

OTHER = Processor("another CPU", "6 85 7", ("avx2",))


@dataclass
class RecordingProgress:
    """Remembers the stages that a run went through."""

    stages: list[Stage] = field(default_factory=list)

    def start(self, stage: Stage, total: int = 0) -> None:
        del total
        self.stages.append(stage)

    def step(self, done: int, **figures: float) -> None: ...

    def note(self, message: str) -> None: ...


@dataclass(frozen=True)
class Published:
    """A run that succeeded, and the spec that it ran."""

    spec: Spec
    ended: Ended

    @property
    def model_uri(self) -> str:
        artifacts = self.ended.result.artifacts
        assert artifacts is not None
        assert artifacts.model is not None
        return artifacts.model.uri


@pytest.fixture(scope="module")
def published(
    store: ObjectStore, admin: Minio, inputs: str, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    admin.make_bucket("published")
    spec = changed(make_spec(inputs, "published"), "acceptance.minSparsity", "0.4")
    ended = Runner(store, tmp_path_factory.mktemp("published")).run(spec)
    assert ended.result.reason == Reason.SUCCEEDED, ended.log
    return Published(spec, ended)


Run = Callable[[Spec, Processor], tuple[RunResult, list[Stage]]]


@pytest.fixture
def run_here(settings: S3Settings, tmp_path: Path) -> Run:
    """Return a function that runs a spec in this process, as if on the processor that it is given."""

    def run_here(spec: Spec, processor: Processor) -> tuple[RunResult, list[Stage]]:
        progress, stop = RecordingProgress(), StopFlag()
        request = Request(
            spec=JobSpec.model_validate(spec),
            attempt="here",
            threads=1,
            device="CPU",
            processor=processor,
            software=installed(),
        )
        result = run(request, Surroundings(S3Storage(settings), tmp_path, progress, stop))
        return result, progress.stages

    return run_here


def test_same_run_on_the_same_processor_is_neither_trained_nor_measured(
    published: Published, run_here: Run
) -> None:
    result, stages = run_here(published.spec, this_processor("CPU"))
    assert result.reason == Reason.REUSED
    assert result.message.startswith("the same run was published on ")
    assert result.metrics == published.ended.result.metrics
    assert stages == [Stage.FETCH]


def test_another_processor_measures_the_same_weights_again(
    published: Published, run_here: Run, admin: Minio, tmp_path: Path
) -> None:
    result, stages = run_here(published.spec, OTHER)
    assert result.reason == Reason.REUSED
    assert result.message.startswith("the model was published on ")
    assert "measured on another CPU (avx2): mIoU" in result.message
    assert Stage.COMPRESS not in stages
    assert Stage.BENCHMARK in stages
    assert len(list((tmp_path / "inputs/dataset").glob("*.png"))) == 2 * VAL, "pictures that train alone"
    assert result.artifacts is not None
    assert result.artifacts.model is not None
    assert result.artifacts.model.uri == published.model_uri
    assert result.metrics is not None
    assert result.metrics.processor == "another CPU (avx2)"

    assert result.artifacts.report is not None
    page = read(admin, result.artifacts.report.uri).decode()
    assert "another CPU (avx2)" in page
    assert "Where it got worse" in page
    report = published_files(admin, result.artifacts.manifest.uri).result()
    before = json.loads(read(admin, f"{published.model_uri}result.json"))
    assert report["machine"]["cpu"] == "another CPU (avx2)"
    assert report["training"] == before["training"]
    assert report["training"]["history"]
    assert report["training"]["losses"]
    assert report["run"]["modelKey"] == before["run"]["modelKey"]
    assert report["run"]["measurementKey"] != before["run"]["measurementKey"]


@pytest.mark.parametrize(
    ("gate", "reason", "words"),
    [
        pytest.param("0.3", Reason.REUSED, "the model was published on", id="looser"),
        pytest.param("0.9", Reason.ACCEPTANCE_NOT_MET, "at least 0.9", id="stricter"),
    ],
)
def test_changed_gate_judges_the_same_weights(
    published: Published, runner: Runner, gate: str, reason: Reason, words: str
) -> None:
    ended = runner.run(changed(published.spec, "acceptance.minSparsity", gate))
    assert ended.result.reason == reason, ended.log
    assert words in ended.result.message
    assert "Compress started" not in ended.log
    assert "Benchmark started" in ended.log


def test_run_that_is_killed_after_its_training_does_not_train_again(runner: Runner, spec: Spec) -> None:
    running = runner.start(spec)
    running.wait_for("Evaluate started")
    running.kill()
    again = runner.run(spec)
    assert again.code == 0, again.log
    assert "the model was published on" in again.result.message
    assert "Compress started" not in again.log


def test_changed_line_of_the_training_trains_again(
    published: Published, runner: Runner, tmp_path: Path
) -> None:
    for package in (segcompress_api, segcompress_runner):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, tmp_path / "code" / source.name)
    with (tmp_path / "code/segcompress_runner/compression/order.py").open("a") as file:
        file.write("# another line\n")
    ended = runner.run(published.spec, PYTHONPATH=str(tmp_path / "code"))
    assert ended.result.reason == Reason.SUCCEEDED, ended.log
    assert "Compress started" in ended.log


def test_weights_with_other_bytes_than_were_published_are_named(
    runner: Runner, admin: Minio, spec: Spec
) -> None:
    first = runner.run(spec)
    assert first.result.artifacts is not None
    assert first.result.artifacts.model is not None
    bucket, _, folder = first.result.artifacts.model.uri.removeprefix("s3://").partition("/")
    size = first.result.artifacts.model.size_bytes
    assert size is not None
    put(admin, bucket, f"{folder}model.pdiparams", bytes(size))

    again = runner.run(changed(spec, "benchmark.minQueries", 17))
    assert (again.code, again.result.reason) == (3, Reason.INVALID_INPUT), again.log
    uri = first.result.artifacts.model.uri
    run_folder = uri.partition("/attempts/")[0]
    assert again.result.message == (
        f"{uri}model.pdiparams: does not match its published SHA-256; remove {run_folder} to run again"
    )
    assert "Validate started" not in again.log


def test_threads_count_in_the_measurement_alone(published: Published, runner: Runner) -> None:
    ended = runner.run(published.spec, SEGCOMPRESS_THREADS="2")
    assert ended.result.reason == Reason.REUSED, ended.log
    assert "; measured on" in ended.result.message

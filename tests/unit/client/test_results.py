"""Published files, fetched into a folder of the user's."""

from pathlib import Path

import pytest
from kubernetes.client import Configuration

from segcompress.client import Client, NotReadyError, SegCompressionJob, StorageError
from segcompress.client.connection import Connection
from segcompress.client.results import What, fetch
from segcompress_api.contract import RunResult
from unit.client.jobs import job_in
from unit.runner.publish.publishing import KEYS, MEASUREMENT, STORAGE, run

FILES = {"model.pdmodel", "model.pdiparams", "model.onnx", "result.json", "report.html"}


@pytest.fixture
def published(tmp_path: Path) -> RunResult:
    return run(tmp_path, "pod-1")


@pytest.fixture
def job(published: RunResult) -> SegCompressionJob:
    assert published.artifacts is not None
    return job_in("succeeded", artifacts=published.artifacts.to_wire())


def names(paths: tuple[Path, ...]) -> set[str]:
    return {path.name for path in paths}


@pytest.mark.parametrize(
    ("what", "files"),
    [
        ("all", FILES),
        ("model", {"model.pdmodel", "model.pdiparams", "model.onnx"}),
        ("report", {"report.html"}),
    ],
)
def test_files_are_brought_by_their_names(
    job: SegCompressionJob, tmp_path: Path, what: What, files: set[str]
) -> None:
    into = tmp_path / "new" / "folder"
    paths = fetch(job, STORAGE, what, into)
    assert names(paths) == files == {path.name for path in into.iterdir()}
    assert {path.read_text() for path in paths} == {"pod-1"}


def test_what_is_there_with_the_same_digest_is_kept(job: SegCompressionJob, tmp_path: Path) -> None:
    (report,) = fetch(job, STORAGE, "report", tmp_path / "here")
    before = report.stat()
    assert names(fetch(job, STORAGE, "all", tmp_path / "here")) == FILES
    assert report.stat().st_mtime_ns == before.st_mtime_ns


def test_no_other_file_is_replaced(job: SegCompressionJob, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    mine = tmp_path / "here" / "report.html"
    mine.write_text("mine")
    with pytest.raises(StorageError, match=r"report\.html: already exists with other content; name another"):
        fetch(job, STORAGE, "all", tmp_path / "here")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["report.html"]
    assert mine.read_text() == "mine"


def test_file_with_other_bytes_is_refused_and_nothing_is_left(job: SegCompressionJob, tmp_path: Path) -> None:
    published = tmp_path / "out" / KEYS.model / "attempts" / "pod-1" / "model.onnx"
    published.write_text("pod-2")
    with pytest.raises(StorageError, match=r"model\.onnx: does not match its published SHA-256"):
        fetch(job, STORAGE, "all", tmp_path / "here")
    assert not list((tmp_path / "here").iterdir())


def test_manifest_with_other_bytes_than_the_status_names_is_refused(
    job: SegCompressionJob, tmp_path: Path
) -> None:
    manifest = tmp_path / "out" / KEYS.model / MEASUREMENT
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(StorageError, match="does not match the SHA-256 in the job's status"):
        fetch(job, STORAGE, "all", tmp_path / "here")


@pytest.mark.parametrize(
    ("state", "words"), [("running", "it is Running"), ("input-not-found", r"it is Failed \(InputNotFound: ")]
)
def test_job_without_artifacts_has_published_nothing(tmp_path: Path, state: str, words: str) -> None:
    with pytest.raises(NotReadyError, match=f"demo has published nothing yet: {words}"):
        fetch(job_in(state), STORAGE, "all", tmp_path)


def test_folder_that_cannot_be_is_named(job: SegCompressionJob, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        fetch(job, STORAGE, "report", tmp_path / "file" / "below")


@pytest.mark.parametrize("uri", ["file:///etc", "etc/manifest.json"])
def test_address_on_this_machine_is_nothing_that_a_job_published(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("S3_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    job = job_in("succeeded", artifacts={"manifest": {"uri": uri}})
    monkeypatch.setattr(Client, "get", lambda *_: job)
    client = Client(Connection(Configuration(), "default"))
    with pytest.raises(StorageError, match="accepts only s3:// addresses"):
        client.fetch("demo", tmp_path / "here")

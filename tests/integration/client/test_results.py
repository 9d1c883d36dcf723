"""Published files from a real object store, with the user's credentials."""

from pathlib import Path

import pytest
from minio import Minio

from devcluster.objectstore import ObjectStore
from integration.client.conftest import Jane, Played, Published, Terminal
from integration.client.test_jobs import SUCCEEDED
from segcompress.client import ForbiddenError

FILES = ["model.onnx", "model.pdiparams", "model.pdmodel", "report.html", "result.json"]


@pytest.fixture
def demo(played: Played, published: Published) -> Published:
    """Let the job `demo` have published."""
    played.make("demo", {**SUCCEEDED, "artifacts": published.artifacts})
    return published


@pytest.mark.usefixtures("demo")
def test_everything_is_fetched_by_the_credentials_of_the_job(terminal: Terminal) -> None:
    done = terminal.run("fetch", "demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == [f"demo/{name}" for name in FILES]
    assert (terminal.folder / "demo" / "model.onnx").read_text() == "pod-1"


@pytest.mark.usefixtures("demo")
def test_report_alone_is_fetched_into_a_folder_of_ones_choice(terminal: Terminal) -> None:
    done = terminal.run("fetch", "demo", "--what", "report", "-o", "here")
    assert (done.returncode, done.stdout) == (0, "here/report.html\n")


@pytest.mark.usefixtures("demo")
def test_user_without_the_secret_fetches_by_own_credentials(
    jane: Jane, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = jane({"apiGroups": ["segcompress.dev"], "resources": ["segcompressionjobs"], "verbs": ["get"]})
    with pytest.raises(ForbiddenError, match=r'User "jane" cannot get resource "secrets".*; set S3_ENDPOINT'):
        client.fetch("demo", tmp_path / "here")
    monkeypatch.setenv("S3_ENDPOINT", store.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", store.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", store.secret_key)
    assert sorted(path.name for path in client.fetch("demo", tmp_path / "here")) == FILES


def test_changed_object_is_refused(terminal: Terminal, demo: Published, minio: Minio) -> None:
    (name,) = (
        item.object_name
        for item in minio.list_objects(demo.bucket, recursive=True)
        if str(item.object_name).endswith("model.onnx")
    )
    (terminal.folder / "other").write_text("pod-2")
    minio.fput_object(demo.bucket, str(name), str(terminal.folder / "other"))
    done = terminal.run("fetch", "demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert "model.onnx: does not match its published SHA-256" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("demo")
def test_wrong_credentials_are_one_line(terminal: Terminal, store: ObjectStore) -> None:
    wrong = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "wrong", "S3_ENDPOINT": store.endpoint}
    done = terminal.run("fetch", "demo", **wrong)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1

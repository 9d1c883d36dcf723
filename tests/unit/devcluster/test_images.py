"""Archives are recognised by what they hold, and ours are made the same every time."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from devcluster.errors import DevclusterError
from devcluster.images import read_archive, single_program_archive

if TYPE_CHECKING:
    from pathlib import Path


def write_archive(path: Path, files: dict[str, object]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_docker_archive_names_its_images(tmp_path: Path) -> None:
    manifest = [{"Config": "ab.json", "RepoTags": ["localhost/runner:1", "localhost/runner:2"], "Layers": []}]
    archive = read_archive(write_archive(tmp_path / "a.tar", {"ab.json": {}, "manifest.json": manifest}))
    assert archive.names == ("localhost/runner:1", "localhost/runner:2")


def test_oci_archive_names_its_images(tmp_path: Path) -> None:
    index = {
        "manifests": [
            {"digest": "sha256:1", "annotations": {"org.opencontainers.image.ref.name": "localhost/a:1"}},
            {"digest": "sha256:2", "annotations": {"io.containerd.image.name": "localhost/b:1"}},
            {"digest": "sha256:3"},
        ]
    }
    archive = read_archive(write_archive(tmp_path / "a.tar", {"./index.json": index}))
    assert archive.names == ("localhost/a:1", "localhost/b:1")


def test_digest_follows_the_content(tmp_path: Path) -> None:
    def digest_of(config: str) -> str:
        manifest = [{"Config": config, "RepoTags": ["x:1"], "Layers": []}]
        return read_archive(write_archive(tmp_path / "a.tar", {"manifest.json": manifest})).digest

    assert digest_of("aa.json") == digest_of("aa.json")
    assert digest_of("aa.json") != digest_of("bb.json")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"no archive at all", "cannot be read as an image archive", id="not a tar"),
        pytest.param(None, "cannot be read as an image archive", id="no such file"),
        pytest.param(single_program_archive("x:1", b"")[:700], "cannot be read as an image", id="cut short"),
    ],
)
def test_what_is_no_archive_is_refused_by_name(tmp_path: Path, content: bytes | None, expected: str) -> None:
    path = tmp_path / "broken.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DevclusterError, match=expected) as caught:
        read_archive(path)
    assert str(path) in str(caught.value)


def test_a_tar_of_something_else_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar", {"notes.json": {}})
    with pytest.raises(DevclusterError, match="is neither a docker-archive"):
        read_archive(path)


def test_our_own_archive_is_the_same_every_time(tmp_path: Path) -> None:
    made = single_program_archive("segcompress.dev/pause:1", b"program")
    assert made == single_program_archive("segcompress.dev/pause:1", b"program")
    (tmp_path / "a.tar").write_bytes(made)
    assert read_archive(tmp_path / "a.tar").names == ("segcompress.dev/pause:1",)


def test_our_own_image_holds_one_program_that_runs_as_nobody() -> None:
    with tarfile.open(fileobj=io.BytesIO(single_program_archive("x:1", b"program"))) as archive:
        (manifest,) = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
        config = json.loads(archive.extractfile(manifest["Config"]).read())  # type: ignore[union-attr]
        layer = archive.extractfile(manifest["Layers"][0]).read()  # type: ignore[union-attr]
    assert config["config"] == {"Entrypoint": ["/program"], "User": "65535:65535"}
    with tarfile.open(fileobj=io.BytesIO(layer)) as files:
        assert [(member.name, member.mode) for member in files] == [("program", 0o755)]

"""What takes up the space in an image is read from its archive."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path, PurePosixPath

import pytest

from images.sizes import SITE, Part, files_in, owner, parts, table


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    below = tar_of({"./usr/bin/perl": b"12345", "usr/lib/libc.so": b"123", "tmp/a/b": b"1"})
    above = tar_of(
        {"usr/bin/.wh.perl": b"", "tmp/.wh.a": b"", "usr/lib/libc.so": b"1234", f"{SITE}/paddle/x.pyc": b"12"}
    )
    manifest = json.dumps([{"Layers": ["1.tar", "2.tar"]}]).encode()
    path = tmp_path / "image.tar"
    path.write_bytes(tar_of({"1.tar": below, "2.tar": above, "manifest.json": manifest}))
    return path


def test_later_layers_replace_and_remove(archive: Path) -> None:
    assert files_in(archive) == {PurePosixPath("usr/lib/libc.so"): 4, SITE / "paddle/x.pyc": 2}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(f"{SITE}/paddle/base/libpaddle.so", "paddlepaddle", id="package"),
        pytest.param(f"{SITE}/numpy.libs/libopenblas.so", "numpy", id="its shared libraries"),
        pytest.param(f"{SITE}/six.py", "six", id="module"),
        pytest.param(
            f"{SITE}/_cffi_backend.cpython-311-x86_64-linux-gnu.so", "_cffi_backend", id="extension"
        ),
        pytest.param(f"{SITE}/cv2/cv2.abi3.so", "opencv-python-headless", id="module of another name"),
        pytest.param(f"{SITE}/segcompress_runner/pipeline.py", "segcompress (our own)", id="ours"),
        pytest.param("usr/lib/python3.11/json/__init__.py", "Python (Debian)", id="interpreter"),
        pytest.param("usr/lib/x86_64-linux-gnu/libc.so.6", "Debian", id="system"),
    ],
)
def test_owner_of_a_file(path: str, expected: str) -> None:
    assert owner(PurePosixPath(path)) == expected


def test_parts_are_summed_by_package_largest_first() -> None:
    files = {SITE / "paddle/a.so": 10, SITE / "paddle/__pycache__/a.pyc": 5, SITE / "six.py": 20}
    assert parts(files) == (Part("six", 20, 0), Part("paddlepaddle", 15, 5))


def test_table_names_the_rest_in_one_row(archive: Path) -> None:
    lines = table("runner", archive, rows=1).splitlines()
    assert lines[0].startswith("runner: 0 MB of files")
    assert lines[2].split()[0] == "Debian"
    assert lines[-1].split()[:2] == ["1", "others"]

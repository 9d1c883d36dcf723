"""Lists and tar shards that lead out of their folder, and shards that hold more than files."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

from hostile.inputs.case import Input, InputTheme
from segcompress_api.dataset import Dataset
from segcompress_runner.inputs.lists import parse_list, read_lists

_DATASET = Dataset.model_validate(
    {
        "uri": "file:///data/",
        "numClasses": 2,
        "trainTransforms": [{"type": "Normalize"}],
        "valTransforms": [{"type": "Normalize"}],
    }
)
_SHARD = "train.txt line 1"

_LINES: dict[str, bytes] = {
    "a path upwards": b"a/../../../etc/passwd m.png",
    "a path upwards after a tab": b"a.jpg\t../m.png",
    "an absolute path": b"/proc/self/environ m.png",
    "a path of Windows": b"C:\\secret.jpg m.png",
    "a path upwards of Windows": b"..\\..\\secret.jpg m.png",
    "a zero byte": b"a.jpg\x00.png m.png",
    "a terminal's escape": b"a\x1b[2J.jpg m.png",
    "a terminal's escape of one byte": b"a\xc2\x9b2J.jpg m.png",
    "an address of three parts": b"a.jpg m.png http://evil.example",
    "an option of three parts": b"-rf / m.png",
    "one name alone": b"a.jpg",
    "the folder itself": b". m.png",
    "the folder above": b".. m.png",
    "one name twice": b"a.png a.png",
    "a name of a megabyte": b"x" * 2**20,
    "half a letter": b"\xed\xa0\x80.jpg m.png",
    "another encoding": "a.jpg m.png".encode("utf-16"),
    "blanks alone": b" \n\t\n",
}


_ABSENT = {"text from right to left": "a\u202egnp.exe", "an invisible letter": "a\u200bb.png"}


def _listing(line: bytes) -> Callable[[Path], object]:
    return lambda _: parse_list(line + b"\n", "train.txt")


def _naming(name: str) -> Callable[[Path], object]:
    """Return what reads a list that names a file that is not there."""

    def take(folder: Path) -> object:
        (folder / "train.txt").write_text(f"{name} m.png\n")
        return read_lists(folder, _DATASET)

    return take


def _linking(target: str) -> Callable[[Path], object]:
    """Return what reads a list that names a link out of the dataset's folder."""

    def take(folder: Path) -> object:
        (folder / "a.jpg").symlink_to(target)
        (folder / "m.png").write_bytes(b"")
        (folder / "train.txt").write_text("a.jpg m.png\n")
        return read_lists(folder, _DATASET)

    return take


def _packing(*members: tuple[tarfile.TarInfo, bytes]) -> Callable[[Path], object]:
    return _shipping(_tar(*members))


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _shipping(content: bytes) -> Callable[[Path], object]:
    """Return what reads a list that names a shard of these bytes."""

    def take(folder: Path) -> object:
        (folder / "shard.tar").write_bytes(content)
        (folder / "train.txt").write_text("shard.tar\n")
        (folder / "val.txt").write_text("shard.tar\n")
        return read_lists(folder, _DATASET, folder / "unpacked")

    return take


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **pax: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.pax_headers = kind, link, pax
    return info


def _through_a_link() -> bytes:
    return _tar((_member("d", tarfile.SYMTYPE, "/tmp"), b""), (_member("d/evil.jpg"), b"x"))  # noqa: S108


def _said_to_be_larger() -> bytes:
    """Return a shard whose one file is said to have 8 EiB."""
    info = _member("a.jpg")
    info.size = 2**62
    return info.tobuf(tarfile.GNU_FORMAT) + b"x" * 512


_SHARDS: dict[str, bytes] = {
    "a path upwards by its extended name": _tar((_member("a.jpg", path="../../evil.jpg"), b"x")),
    "an absolute path by its extended name": _tar((_member("a.jpg", path="/etc/evil.jpg"), b"x")),
    "a path of Windows": _tar((_member("..\\evil.jpg"), b"x")),
    "a terminal's escape": _tar((_member("a\x1b[2J.jpg"), b"x")),
    "text from right to left": _tar((_member("a\u202egnp.jpg"), b"x")),
    "a folder that is a link": _through_a_link(),
    "a link to its own folder": _tar((_member("a", tarfile.SYMTYPE, "."), b"")),
    "a link upwards": _tar((_member("a.jpg", tarfile.SYMTYPE, "../../../etc/passwd"), b"")),
    "a hard link to the node": _tar((_member("a.jpg", tarfile.LNKTYPE, "/etc/shadow"), b"")),
    "a disk": _tar((_member("sda", tarfile.BLKTYPE), b"")),
    "a kind that nobody knows": _tar((_member("a.jpg", b"Z", "x"), b""))[:-1024] + b"\0" * 1024,
    "a file of 8 EiB": _said_to_be_larger(),
    "a bomb of gzip": gzip.compress(b"\0" * 2**24),
    "a tar of gzip": gzip.compress(_tar((_member("a.jpg"), b"x"))),
    "a zip file": b"PK\x03\x04" + b"\0" * 600,
    "zeros alone": b"\0" * 10_240,
    "nothing": b"",
    "files that are no samples": _tar((_member("README"), b"x"), (_member(".bashrc"), b"x")),
    "one file twice": _tar((_member("a.jpg"), b"x"), (_member("a.jpg"), b"y")),
    "a file below a file": _tar((_member("a"), b"x"), (_member("a/b.jpg"), b"y")),
}

THEME = InputTheme(
    "Lists and shards",
    "paths out of the dataset's folder, links, devices, bombs",
    (
        *(Input(f"a list with {what}", _listing(line), "train.txt") for what, line in _LINES.items()),
        *(Input(f"an absent file with {what}", _naming(name), _SHARD) for what, name in _ABSENT.items()),
        Input("a list with a link to a file of the node", _linking("/etc/passwd"), _SHARD),
        Input("a list with a link to memory", _linking("/proc/self/environ"), _SHARD),
        *(Input(f"a shard with {what}", _shipping(content), _SHARD) for what, content in _SHARDS.items()),
    ),
)

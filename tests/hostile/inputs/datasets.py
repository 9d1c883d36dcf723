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
    "a parent path": b"a/../../../etc/passwd m.png",
    "a parent path after a tab": b"a.jpg\t../m.png",
    "an absolute path": b"/proc/self/environ m.png",
    "a Windows path": b"C:\\secret.jpg m.png",
    "a Windows parent path": b"..\\..\\secret.jpg m.png",
    "a zero byte": b"a.jpg\x00.png m.png",
    "a terminal escape": b"a\x1b[2J.jpg m.png",
    "a terminal escape of one byte": b"a\xc2\x9b2J.jpg m.png",
    "a URL as a third field": b"a.jpg m.png http://evil.example",
    "a command-line option and a third field": b"-rf / m.png",
    "only one name": b"a.jpg",
    "the folder itself": b". m.png",
    "the parent folder": b".. m.png",
    "the same name twice": b"a.png a.png",
    "a name of a megabyte": b"x" * 2**20,
    "an unpaired surrogate": b"\xed\xa0\x80.jpg m.png",
    "another encoding": "a.jpg m.png".encode("utf-16"),
    "only whitespace": b" \n\t\n",
}


_ABSENT = {"right-to-left text": "a\u202egnp.exe", "an invisible character": "a\u200bb.png"}


def _listing(line: bytes) -> Callable[[Path], object]:
    return lambda _: parse_list(line + b"\n", "train.txt")


def _naming(name: str) -> Callable[[Path], object]:
    """Return a function that reads a list naming a missing file."""

    def take(folder: Path) -> object:
        (folder / "train.txt").write_text(f"{name} m.png\n")
        return read_lists(folder, _DATASET)

    return take


def _linking(target: str) -> Callable[[Path], object]:
    """Return a function that reads a list naming a link out of the dataset's folder."""

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
    """Return a function that reads a list naming a shard with this content."""

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


def _declares_8_eib() -> bytes:
    """Return a shard whose header declares a file of 8 EiB."""
    info = _member("a.jpg")
    info.size = 2**62
    return info.tobuf(tarfile.GNU_FORMAT) + b"x" * 512


_SHARDS: dict[str, bytes] = {
    "a parent path in a PAX header": _tar((_member("a.jpg", path="../../evil.jpg"), b"x")),
    "an absolute path in a PAX header": _tar((_member("a.jpg", path="/etc/evil.jpg"), b"x")),
    "a Windows path": _tar((_member("..\\evil.jpg"), b"x")),
    "a terminal escape": _tar((_member("a\x1b[2J.jpg"), b"x")),
    "right-to-left text": _tar((_member("a\u202egnp.jpg"), b"x")),
    "a folder that is a symbolic link": _through_a_link(),
    "a symbolic link to its own folder": _tar((_member("a", tarfile.SYMTYPE, "."), b"")),
    "a symbolic link to a parent path": _tar((_member("a.jpg", tarfile.SYMTYPE, "../../../etc/passwd"), b"")),
    "a hard link to a file of the node": _tar((_member("a.jpg", tarfile.LNKTYPE, "/etc/shadow"), b"")),
    "a block device": _tar((_member("sda", tarfile.BLKTYPE), b"")),
    "an unknown member type": _tar((_member("a.jpg", b"Z", "x"), b""))[:-1024] + b"\0" * 1024,
    "a file of 8 EiB": _declares_8_eib(),
    "a gzip bomb": gzip.compress(b"\0" * 2**24),
    "a gzipped tar": gzip.compress(_tar((_member("a.jpg"), b"x"))),
    "a zip file": b"PK\x03\x04" + b"\0" * 600,
    "only zeros": b"\0" * 10_240,
    "nothing": b"",
    "files that are not samples": _tar((_member("README"), b"x"), (_member(".bashrc"), b"x")),
    "the same file twice": _tar((_member("a.jpg"), b"x"), (_member("a.jpg"), b"y")),
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

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from segcompress_runner.errors import InputNotFoundError, InvalidInputError, InvalidSettingError
from segcompress_runner.storage import Address, LocalStorage, Named


def folder(path: Path) -> Address:
    return Address("file", "", str(path))


def test_inputs_are_used_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    storage = LocalStorage()
    stats = storage.stat(folder(tmp_path), [Named("a.jpg")])
    assert storage.fetch(folder(tmp_path), stats, tmp_path / "copy", lambda _: None) == tmp_path
    assert stats[0].size == 1


def test_digest_changes_with_the_content(tmp_path: Path) -> None:
    storage = LocalStorage()
    (tmp_path / "a").write_bytes(b"one")
    before = storage.stat(folder(tmp_path), [Named("a")])
    (tmp_path / "a").write_bytes(b"two")
    assert storage.stat(folder(tmp_path), [Named("a")]) != before


def test_missing_file_is_named_with_its_origin(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match=r"file://.*/7\.jpg \(train\.txt line 7\) does not exist"):
        LocalStorage().stat(folder(tmp_path), [Named("7.jpg", "train.txt line 7")])


def test_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(InputNotFoundError, match="is not a file"):
        LocalStorage().read(folder(tmp_path) / "x", 10)


@pytest.mark.parametrize("where", ["/proc", "/proc/out", "file", "file/out"])
def test_folder_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    target = Path(where).absolute()
    with pytest.raises(InvalidSettingError, match=rf"^{target}: nothing can be written there \(.*; name a"):
        LocalStorage().reserve(folder(target), "note")


def test_read_refuses_what_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    with pytest.raises(InvalidInputError, match="is over 4 bytes"):
        LocalStorage().read(folder(tmp_path) / "x", 4)


def test_one_of_many_publishers_wins(tmp_path: Path) -> None:
    storage, address = LocalStorage(), folder(tmp_path) / "run/manifest.json"
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: storage.create(address, str(number).encode()), range(8)))
    assert won.count(True) == 1
    assert storage.read(address, 10) == str(won.index(True)).encode()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["manifest.json"]


def test_one_of_many_replacers_wins(tmp_path: Path) -> None:
    storage, address = LocalStorage(), folder(tmp_path) / "manifest.json"
    storage.write(address, b"first")
    tag = storage.read_tagged(address, 100).tag
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: storage.replace(address, b"%d" % number, tag), range(8)))
    assert won.count(True) == 1
    assert storage.read(address, 100) == b"%d" % won.index(True)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_what_is_gone_is_not_replaced(tmp_path: Path) -> None:
    storage, address = LocalStorage(), folder(tmp_path) / "manifest.json"
    assert not storage.replace(address, b"new", "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_upload_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"new")
    target = tmp_path / "out" / "model.onnx"
    target.parent.mkdir()
    target.write_bytes(b"old")
    LocalStorage().upload(folder(tmp_path / "out"), {"model.onnx": source}, lambda _: None)
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_writing_in_place_of_a_folder_is_refused_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "model.nb").mkdir()
    with pytest.raises(InputNotFoundError, match=r"model\.nb is not a file"):
        LocalStorage().write(folder(tmp_path) / "model.nb", b"model")
    assert [path.name for path in tmp_path.iterdir()] == ["model.nb"]


def test_reserving_makes_the_folder_and_leaves_it_empty(tmp_path: Path) -> None:
    LocalStorage().reserve(folder(tmp_path / "a/b"), "started")
    assert list((tmp_path / "a/b").iterdir()) == []


def test_full_disk_names_the_folder_and_its_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        InvalidInputError, match=r"file:///.*manifest\.json: the disk is full .*spec\.output\.uri"
    ):
        LocalStorage().write(folder(tmp_path) / "manifest.json", b"{}")
    assert list(tmp_path.iterdir()) == []

"""A record says that an image is there only where that is so."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from images.records import Record, is_current, read_records, write_record


@pytest.fixture
def record(tmp_path: Path) -> Record:
    archive = tmp_path / "operator.tar"
    archive.write_bytes(b"12345")
    return Record("localhost/segcompress/operator:dev-1", str(archive), "d1", "buildah", 5)


def test_records_come_back_as_written_beside_one_another(tmp_path: Path, record: Record) -> None:
    other = replace(record, reference="localhost/segcompress/runner:dev-2")
    write_record(tmp_path / "refs.json", "operator", record)
    write_record(tmp_path / "refs.json", "runner", other)
    assert read_records(tmp_path / "refs.json") == {"operator": record, "runner": other}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"operator": {"reference": "x"}}'], ids=repr)
def test_a_broken_file_counts_as_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "refs.json").write_text(text)
    assert read_records(tmp_path / "refs.json") == {}


def test_what_was_built_is_current_while_archive_and_inputs_are_the_same(record: Record) -> None:
    assert is_current(record, replace(record, size_bytes=0))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("digest", "d2"), id="inputs changed"),
        pytest.param(("reference", "registry.example/operator:dev-1"), id="named otherwise"),
        pytest.param(("archive", "/elsewhere/operator.tar"), id="another cache"),
    ],
)
def test_it_is_not_current_when(record: Record, change: tuple[str, str]) -> None:
    wanted = Record(**{**asdict(record), **dict([change])})
    assert not is_current(record, wanted)


def test_a_cut_or_lost_archive_is_not_current(record: Record) -> None:
    Path(record.archive).write_bytes(b"123")
    assert not is_current(record, record)
    Path(record.archive).unlink()
    assert not is_current(record, record)
    assert not is_current(None, record)

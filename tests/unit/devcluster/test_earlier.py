"""A cluster that the first version left running is ended by what is certain, and by nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from devcluster.earlier import RECORD, adopt, end_cluster
from devcluster.layout import Layout
from devcluster.processes import Supervisor, start_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.processes.mkdir(parents=True)
    made.bin.mkdir()
    shutil.copy(shutil.which("sleep") or "sleep", made.bin / "etcd")
    return made


@pytest.fixture
def etcd(layout: Layout) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen((layout.bin / "etcd", "60")) as process:
        yield process
        process.kill()


def record(layout: Layout, name: str, process: subprocess.Popen[bytes], **changes: object) -> None:
    """Write what the first version wrote."""
    found = {"pid": process.pid, "ticks": start_ticks(process.pid), "digest": "", "since": 0.0}
    (layout.processes / f"{name}.json").write_text(json.dumps(found | changes))


def test_its_programs_are_stopped(layout: Layout, etcd: subprocess.Popen[bytes]) -> None:
    record(layout, "etcd", etcd)
    undo = layout.state / RECORD
    undo.write_text(json.dumps({"settings": {}, "absent": []}))
    end_cluster(layout, Supervisor(layout.processes, layout.logs))
    assert etcd.wait() != 0
    assert not undo.exists()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param("etcd", {"ticks": 1}, id="another process with that id"),
        pytest.param("minio", {}, id="another program"),
        pytest.param("etcd", {"boot": "b"}, id="a record of this version"),
    ],
)
def test_what_is_not_certain_is_left(
    layout: Layout, etcd: subprocess.Popen[bytes], name: str, changes: dict[str, object]
) -> None:
    record(layout, name, etcd, **changes)
    assert not adopt(layout, name)


def test_without_its_record_nothing_is_looked_for(layout: Layout, etcd: subprocess.Popen[bytes]) -> None:
    record(layout, "etcd", etcd)
    end_cluster(layout, Supervisor(layout.processes, layout.logs))
    assert etcd.poll() is None

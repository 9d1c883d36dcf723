from pathlib import Path

import pytest

from segcompress_runner.memory import Memory, memory_of

GIB = 2**30


@pytest.fixture
def cgroups(tmp_path: Path) -> Path:
    """Lay out a cgroup v2 tree: this process is in /jobs/mine, and /jobs has a limit."""
    (tmp_path / "own").write_text("1:name=systemd:/other\n0::/jobs/mine\n")
    (tmp_path / "fs/jobs/mine").mkdir(parents=True)
    (tmp_path / "fs/jobs/mine/memory.max").write_text("max\n")
    (tmp_path / "fs/jobs/memory.max").write_text(f"{6 * GIB}\n")
    return tmp_path


def test_the_containers_request_counts_before_any_limit(cgroups: Path) -> None:
    found = memory_of({"SEGCOMPRESS_MEMORY_BYTES": str(4 * GIB)}, cgroups / "fs", cgroups / "own")
    assert found == Memory(4 * GIB, "the container's memory request")
    assert (found.evaluation, found.reading) == (GIB, GIB // 2)


@pytest.mark.parametrize("asked", [{}, {"SEGCOMPRESS_MEMORY_BYTES": ""}, {"SEGCOMPRESS_MEMORY_BYTES": "0"}])
def test_without_a_request_the_least_limit_of_its_cgroups_counts(
    cgroups: Path, asked: dict[str, str]
) -> None:
    limited = Memory(6 * GIB, "the cgroup's memory limit")
    assert memory_of(asked, cgroups / "fs", cgroups / "own") == limited


def test_limit_of_cgroup_v1_counts(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text(str(GIB))
    assert memory_of({}, tmp_path, tmp_path / "none").total == GIB


@pytest.mark.parametrize("text", ["max", "9223372036854771712", "", "lots"])
def test_without_any_limit_it_is_the_charts_default_request(tmp_path: Path, text: str) -> None:
    (tmp_path / "own").write_text("0::/\n")
    (tmp_path / "memory.max").write_text(text)
    assert memory_of({}, tmp_path, tmp_path / "own") == Memory(2 * GIB, "the default")
    assert memory_of({}, tmp_path / "none", tmp_path / "none") == Memory(2 * GIB, "the default")

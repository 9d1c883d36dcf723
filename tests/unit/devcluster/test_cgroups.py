"""Cgroups tell what belongs to the cluster, in either version."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import cgroups

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def make_hierarchy(folder: Path, *pids: int) -> None:
    """Stand in for the kernel's folder of one cgroup."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))


def test_hierarchies_of_version_1_without_aliases(tmp_path: Path) -> None:
    for name in ("cpu", "memory"):
        make_hierarchy(tmp_path / name)
    (tmp_path / "notes").mkdir()
    (tmp_path / "cpuacct").symlink_to(tmp_path / "cpu")
    assert [path.name for path in cgroups.hierarchies(tmp_path)] == ["cpu", "memory"]


def test_version_2_has_one_hierarchy(tmp_path: Path) -> None:
    make_hierarchy(tmp_path / "system.slice")
    (tmp_path / "cgroup.controllers").touch()
    assert cgroups.hierarchies(tmp_path) == [tmp_path]
    assert cgroups.hierarchies(tmp_path / "absent") == []


def test_processes_of_others_are_never_found(tmp_path: Path) -> None:
    make_hierarchy(tmp_path / "pids" / "segc-1" / "node", 11)
    make_hierarchy(tmp_path / "pids" / "segc-1" / "kubepods" / "pod", 12)
    make_hierarchy(tmp_path / "memory" / "segc-1" / "kubepods" / "pod", 12)
    make_hierarchy(tmp_path / "pids" / "segc-12" / "node", 20)
    make_hierarchy(tmp_path / "pids" / "kubepods" / "pod", 21)
    for name in ("pids", "memory"):
        make_hierarchy(tmp_path / name, 1)
    assert cgroups.processes("segc-1", tmp_path) == {11, 12}
    assert cgroups.pods("segc-1", tmp_path) == {12}


def test_inner_cgroups_come_first(tmp_path: Path) -> None:
    make_hierarchy(tmp_path / "pids")
    make_hierarchy(tmp_path / "pids" / "segc-1" / "kubepods" / "pod")
    found = [path.name for path in cgroups.found("segc-1", tmp_path)]
    assert found == ["pod", "kubepods", "segc-1"]


def test_cgroups_that_go_meanwhile_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_hierarchy(tmp_path / "pids")
    make_hierarchy(tmp_path / "pids" / "segc-1" / "kubepods" / "ending" / "container", 12)
    make_hierarchy(tmp_path / "pids" / "segc-1" / "kubepods" / "running", 13)
    scandir = os.scandir

    def move_then_scan(folder: str | Path) -> Iterator[os.DirEntry[str]]:
        if Path(folder).name == "ending":
            Path(folder).rename(tmp_path / "gone")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", move_then_scan)
    assert cgroups.pods("segc-1", tmp_path) == {13}


def test_controllers_that_are_granted_are_not_granted_again(tmp_path: Path) -> None:
    make_hierarchy(tmp_path)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory pids\n")
    cgroups.make("segc-1", tmp_path)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "cpu memory pids\n"
    assert cgroups.node("segc-1", tmp_path).is_dir()

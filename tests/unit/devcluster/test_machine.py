"""What is changed on a machine is remembered first and given back."""

from __future__ import annotations

from pathlib import Path

import pytest

from devcluster import machine

MOUNTS = """22 1 0:21 / /proc rw - proc proc rw
40 22 0:30 / /s/cluster/kubelet/pods/a rw - tmpfs tmpfs rw
41 22 0:31 / /s/cluster/kubelet/pods/a/b\\040c rw - tmpfs tmpfs rw
42 22 0:32 / /s/cluster-other rw - tmpfs tmpfs rw
43 22 0:33 / /s rw - tmpfs tmpfs rw
"""


def test_mounts_are_found_innermost_first_and_by_whole_names() -> None:
    assert machine.mounts_below(Path("/s/cluster"), MOUNTS) == [
        Path("/s/cluster/kubelet/pods/a/b c"),
        Path("/s/cluster/kubelet/pods/a"),
    ]


def test_hierarchies_of_version_1_without_aliases(tmp_path: Path) -> None:
    for name in ("cpu", "memory", "notes"):
        (tmp_path / name).mkdir()
        if name != "notes":
            (tmp_path / name / "cgroup.procs").touch()
    (tmp_path / "cpuacct").symlink_to(tmp_path / "cpu")
    assert [path.name for path in machine.hierarchies(tmp_path)] == ["cpu", "memory"]


def test_version_2_has_one_hierarchy(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    (tmp_path / "system.slice").mkdir()
    (tmp_path / "system.slice" / "cgroup.procs").touch()
    assert machine.hierarchies(tmp_path) == [tmp_path]
    assert machine.hierarchies(tmp_path / "absent") == []


class Machine:
    """A folder that stands for /proc/sys and one that programs insist on making."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.setting = folder / "sys" / "vm" / "overcommit_memory"
        self.setting.parent.mkdir(parents=True)
        self.setting.write_text("0\n")
        self.foreign = folder / "lib" / "kubelet"
        self.record = folder / "undo.json"
        monkeypatch.setattr(machine, "PROC_SYS", folder / "sys")
        monkeypatch.setattr(machine, "FOREIGN_FOLDERS", (self.foreign,))

    def change(self) -> None:
        self.setting.write_text("1\n")
        self.foreign.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_a_machine_is_given_back_as_it_was_found(found: Machine) -> None:
    machine.remember(found.record)
    found.change()
    assert machine.altered_settings(found.record) == ["vm/overcommit_memory"]
    machine.restore(found.record)
    assert found.setting.read_text().strip() == "0"
    assert not found.foreign.exists()
    assert machine.altered_settings(found.record) == []


def test_what_was_there_before_stays(found: Machine) -> None:
    found.foreign.mkdir(parents=True)
    machine.remember(found.record)
    machine.restore(found.record)
    assert found.foreign.exists()


def test_a_second_up_does_not_remember_our_own_changes(found: Machine) -> None:
    machine.remember(found.record)
    found.change()
    machine.remember(found.record)
    machine.restore(found.record)
    assert found.setting.read_text().strip() == "0"


def test_without_a_record_nothing_is_touched(found: Machine) -> None:
    found.change()
    machine.restore(found.record)
    assert found.setting.read_text().strip() == "1"
    assert found.foreign.exists()

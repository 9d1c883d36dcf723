"""What the node's file system is made of, and whose name the machine sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from devcluster.errors import DevclusterError
from devcluster.layout import RUNTIME_DIR, Layout
from devcluster.sandbox import mount_commands
from devcluster.teardown import delete_state, mounts_below, report

STATE, PROGRAMS = Path("/var/lib/my ci/cluster"), Path("/opt/bin")
MOUNTS = """22 1 0:21 / /proc rw - proc proc rw
40 22 0:30 / /s/cluster/kubelet/pods/a rw - tmpfs tmpfs rw
41 22 0:31 / /s/cluster/kubelet/pods/a/b\\040c rw - tmpfs tmpfs rw
42 22 0:32 / /s/cluster-other rw - tmpfs tmpfs rw
43 22 0:33 / /s rw - tmpfs tmpfs rw
"""


def position(lines: list[str], text: str) -> int:
    (found,) = [number for number, line in enumerate(lines) if text in line]
    return found


def test_folders_of_other_programs_are_hidden_before_anything_of_ours_is_written() -> None:
    lines = mount_commands(STATE, (PROGRAMS,)).splitlines()
    hidden = [position(lines, f" segcompress {folder}") for folder in ("/run", "/var", "/tmp")]  # noqa: S108
    assert hidden == sorted(hidden)
    assert hidden[-1] < position(lines, "mount --move /run/kept/0 '/var/lib/my ci/cluster'")


def test_the_state_folder_alone_can_be_written() -> None:
    lines = mount_commands(STATE, (PROGRAMS, STATE)).splitlines()
    read_only = [line.split()[-1] for line in lines if line.startswith("mount -o remount,bind,ro ")]
    assert read_only == ["/opt/bin", "/"]


def test_settings_of_the_whole_machine_are_copies() -> None:
    lines = mount_commands(STATE, ()).splitlines()
    copied = lines[position(lines, "/proc/sys/vm/overcommit_memory")]
    assert copied.endswith("mount --bind /run/kept/overcommit_memory /proc/sys/vm/overcommit_memory; fi")


def test_the_last_step_marks_a_complete_sandbox() -> None:
    assert mount_commands(STATE, ()).splitlines()[-1] == f"mkdir {RUNTIME_DIR}"


def test_two_caches_have_different_names_that_fit_an_interface() -> None:
    one, other = Layout(Path("/a")), Layout(Path("/b"))
    assert one.name != other.name
    assert one.name == Layout(Path("/a")).name
    assert len(one.name) <= 15


def test_mounts_are_found_innermost_first_and_by_whole_names() -> None:
    assert mounts_below(Path("/s/cluster"), MOUNTS) == [
        Path("/s/cluster/kubelet/pods/a/b c"),
        Path("/s/cluster/kubelet/pods/a"),
    ]


def test_data_below_which_something_is_mounted_are_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").touch()
    monkeypatch.setattr("devcluster.teardown.mounts_below", lambda folder: [folder / "data"])
    with pytest.raises(DevclusterError, match=f"mounted at {tmp_path}/data; unmount it first"):
        delete_state(tmp_path)
    assert (tmp_path / "kept").exists()


def test_the_check_after_down_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert report({"processes": [], "mounts": []})
    assert not report({"processes": [], "mounts": ["/s/cluster/x"]})
    assert "/s/cluster/x" in capsys.readouterr().err

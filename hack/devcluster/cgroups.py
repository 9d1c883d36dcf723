"""The cgroups of one cluster: every process of it is in them, and nothing else is.

A process stays in its cgroup whatever it starts, so membership tells what is ours where names and command
lines could mislead.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CGROUPS = Path("/sys/fs/cgroup")
V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")
ENDED_WITHIN_S = 20.0
POLL_S = 0.1


def is_version_2(root: Path = CGROUPS) -> bool:
    """Say whether there is one hierarchy for all controllers."""
    return (root / "cgroup.controllers").exists()


def hierarchies(root: Path = CGROUPS) -> list[Path]:
    """Return the cgroup hierarchies: the one of version 2, or each of version 1 (without aliases)."""
    if is_version_2(root):
        return [root]
    if not root.exists():
        return []
    return sorted(
        path
        for path in root.iterdir()
        if path.is_dir() and not path.is_symlink() and (path / "cgroup.procs").exists()
    )


def node(name: str, root: Path = CGROUPS) -> Path:
    """Return the cgroup in which the cluster's programs start; the kubelet puts pods beside it."""
    return (root if is_version_2(root) else root / "pids") / name / "node"


def make(name: str, root: Path = CGROUPS) -> None:
    """Make the cluster's cgroup in every hierarchy, with the controllers that the kubelet wants."""
    for hierarchy in hierarchies(root):
        if is_version_2(hierarchy):
            _delegate(hierarchy)
        own = hierarchy / name
        own.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            # In version 1 a new cpuset is empty until it is filled, and nothing can run in it.
            if (own / setting).exists() and not (own / setting).read_text().strip():
                (own / setting).write_text((hierarchy / setting).read_text())
    node(name, root).mkdir(exist_ok=True)


def _delegate(hierarchy: Path) -> None:
    offered = (hierarchy / "cgroup.controllers").read_text().split()
    granted = (hierarchy / "cgroup.subtree_control").read_text().split()
    for controller in V2_CONTROLLERS:
        if controller in offered and controller not in granted:
            (hierarchy / "cgroup.subtree_control").write_text(f"+{controller}")


def found(name: str, root: Path = CGROUPS) -> list[Path]:
    """Return the cluster's cgroups that are there, inner ones before those around them."""
    tops = (hierarchy / name for hierarchy in hierarchies(root))
    # Pods may be ending meanwhile: `os.walk` passes over what goes while it looks, where `Path.rglob` raises.
    return [Path(folder) for top in tops for folder, _, _ in os.walk(top, topdown=False)]


def processes(name: str, root: Path = CGROUPS) -> set[int]:
    """Return the processes in them: the cluster's programs, and those of all pods."""
    return {pid for path in found(name, root) for pid in _members(path)}


def pods(name: str, root: Path = CGROUPS) -> set[int]:
    """Return the processes of all pods."""
    return processes(name, root) - _members(node(name, root))


def _members(cgroup: Path) -> set[int]:
    try:
        return {int(line) for line in (cgroup / "cgroup.procs").read_text().split()}
    except OSError:
        return set()  # it went while we looked


def kill(find: Callable[[str], set[int]], name: str) -> None:
    """End every process that `find`, one of the two above, finds in the cgroups of that name."""
    until = time.monotonic() + ENDED_WITHIN_S
    while (pids := find(name)) and time.monotonic() < until:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_S)


def delete(name: str) -> None:
    """Remove them; those that still hold a process stay, and the check after `down` names them."""
    for path in found(name):
        with suppress(OSError):
            path.rmdir()

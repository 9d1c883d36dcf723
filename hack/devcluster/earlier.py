"""End a cluster that the first version of this program left running in the machine's own namespaces.

Only what is certainly ours is ended: processes that run our own programs, the bridge that carries our name,
and mounts in our own folders. What might be other programs' work is named and left.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import cgroups
from devcluster.commands import succeeds
from devcluster.processes import boot_id, start_ticks
from devcluster.progress import say
from devcluster.teardown import STOP_ORDER, mounts_below

if TYPE_CHECKING:
    from devcluster.layout import Layout
    from devcluster.processes import Supervisor

NAME = "segcompress-dev"  # of its cgroup, and of its folder in /run
BRIDGE = "segc0"
RECORD = "undo.json"  # written by its `up`, removed by its `down`


def end_cluster(layout: Layout, supervisor: Supervisor) -> None:
    """End it where there is one, and say what may be left of it."""
    record = layout.state / RECORD
    if not record.exists():
        return
    adopted = [name for name in STOP_ORDER if adopt(layout, name)]
    if adopted or interfaces(layout):
        say("Ending the cluster of an earlier version")
        for name in adopted:
            supervisor.stop(name)
        _end_pods(layout)
        for name in interfaces(layout):
            succeeds(("ip", "link", "delete", name))
        say(f"  left, because other programs may use the same: {', '.join(_ambiguous(record))}")
        say("  A restart of the machine removes the rules and the settings")
    record.unlink()


def adopt(layout: Layout, name: str) -> bool:
    """Complete a record without a boot, where the process is certainly the one that was recorded."""
    path = layout.processes / f"{name}.json"
    try:
        record = json.loads(path.read_text())
        pid, ticks = int(record["pid"]), int(record["ticks"])
    except (OSError, ValueError, KeyError):
        return False
    if "boot" in record or start_ticks(pid) != ticks or not _runs(pid, layout.bin / name):
        return False
    path.write_text(json.dumps(record | {"boot": boot_id()}))
    return True


def _runs(pid: int, program: Path) -> bool:
    """Say whether a process runs this very program, or what lay at its path when it started."""
    try:
        running = str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return False
    return running.removesuffix(" (deleted)") == str(program.resolve())


def _end_pods(layout: Layout) -> None:
    cgroups.kill(cgroups.processes, NAME)
    for pid in _shims(layout):
        os.kill(pid, signal.SIGKILL)
    for folder in (layout.state, Path("/run") / NAME):
        for point in mounts_below(folder):
            succeeds(("umount", str(point)))
    cgroups.delete(NAME)


def _shims(layout: Layout) -> list[int]:
    program, socket = layout.bin / "containerd-shim-runc-v2", f"/run/{NAME}/containerd.sock"
    pids = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [pid for pid in pids if _runs(pid, program) and socket in _arguments(pid)]


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


def interfaces(layout: Layout) -> tuple[str, ...]:
    """Return the interface that it left: ours, if it carries the state folder's name."""
    alias = Path("/sys/class/net") / BRIDGE / "ifalias"
    ours = alias.exists() and alias.read_text().strip() == str(layout.state)
    return (BRIDGE,) if ours else ()


def _ambiguous(record: Path) -> list[str]:
    found = json.loads(record.read_text())
    changed = [
        f"kernel setting {name} (was {value})"
        for name, value in found["settings"].items()
        if (path := Path("/proc/sys") / name).exists() and path.read_text().strip() != value
    ]
    made = [path for path in found["absent"] if Path(path).exists()]
    return ["iptables chains KUBE-* and SEGC-*", *changed, *made]

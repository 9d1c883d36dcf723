"""Take the cluster away and prove that nothing of it is left."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import machine, network
from devcluster.commands import succeeds
from devcluster.layout import BRIDGE, RUNTIME_DIR, Layout
from devcluster.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from devcluster.processes import Supervisor

# In the order of their stopping. The kubelet comes first, so that it cannot start again what we end.
STOP_ORDER = (
    "kubelet",
    "kube-proxy",
    "kube-scheduler",
    "kube-controller-manager",
    "containerd",
    "kube-apiserver",
    "etcd",
    "minio",
)
ENDED_WITHIN_S = 20.0


def stop_everything(layout: Layout, supervisor: Supervisor) -> None:
    """Stop programs and pods, and give the machine back as it was."""
    for name in STOP_ORDER[:4]:
        supervisor.stop(name)
    kill_pods(layout)
    for name in STOP_ORDER[4:]:
        supervisor.stop(name)
    machine.unmount_below(layout.state)
    machine.unmount_below(RUNTIME_DIR)
    machine.delete_cgroups()
    if layout.undo.exists():  # else kube-proxy's chains are another cluster's
        _clean_rules(layout)
    network.delete_bridge()
    machine.delete_network_results()
    shutil.rmtree(layout.state / "leases", ignore_errors=True)
    shutil.rmtree(RUNTIME_DIR, ignore_errors=True)
    machine.restore(layout.undo)


def _clean_rules(layout: Layout) -> None:
    network.delete_rules()
    if (layout.bin / "kube-proxy").exists():
        succeeds((str(layout.bin / "kube-proxy"), "--cleanup"))
    network.delete_service_chains()


def kill_pods(layout: Layout) -> None:
    """End the processes of all pods, then the shims that held them."""
    _end(machine.processes_in_cgroups)
    _end(lambda: shims(layout.containerd_socket))


def _end(find: Callable[[], set[int]]) -> None:
    until = time.monotonic() + ENDED_WITHIN_S
    while (pids := find()) and time.monotonic() < until:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)


def shims(socket: Path) -> set[int]:
    """Return the processes of containerd's shims that belong to our containerd, known by its address."""
    found: set[int] = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and is_shim(_arguments(folder), socket):
            found.add(int(folder.name))
    return found


def is_shim(argv: list[str], socket: Path) -> bool:
    """Say whether a command line is that of a shim of the containerd at `socket`."""
    if not argv or Path(argv[0]).name != "containerd-shim-runc-v2" or "-address" not in argv[:-1]:
        return False
    return argv[argv.index("-address") + 1] == str(socket)


def _arguments(folder: Path) -> list[str]:
    try:
        return (folder / "cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def leftovers(layout: Layout, supervisor: Supervisor) -> dict[str, list[str]]:
    """Return what is still there, by kind; every list is empty after a good `down`."""
    running = (name for name in STOP_ORDER if supervisor.find(name) is not None)
    pids = sorted(machine.processes_in_cgroups() | shims(layout.containerd_socket))
    mounts = (*machine.mounts_below(layout.state), *machine.mounts_below(RUNTIME_DIR))
    return {
        "processes": [*running, *map(str, pids)],
        "mounts": [str(point) for point in mounts],
        "bridge": [BRIDGE] if network.bridge_owner() is not None else [],
        "rules": network.leftover_rules(services=layout.undo.exists()),
        "cgroups": [str(path) for path in machine.own_cgroups()],
        "sockets": [str(RUNTIME_DIR)] if RUNTIME_DIR.exists() else [],
        "kernel settings": machine.altered_settings(layout.undo),
    }


def report(left: dict[str, list[str]]) -> bool:
    """Print the check; say whether nothing is left."""
    for kind, found in left.items():
        say(f"  {kind + ':':17} {'none left' if not found else ', '.join(found[:10])}")
    return not any(left.values())

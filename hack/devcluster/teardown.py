"""Take the cluster away and check that nothing of it is left."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import cgroups, network, sandbox
from devcluster.errors import DevclusterError
from devcluster.progress import say

if TYPE_CHECKING:
    from devcluster.layout import Layout
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
    sandbox.NAME,
)


def stop_everything(layout: Layout, supervisor: Supervisor) -> None:
    """Stop the programs and whatever they started; mounts, rules and sockets go with the last of them."""
    supervisor.stop(STOP_ORDER[0])
    cgroups.kill(cgroups.pods, layout.name)  # before the API server, which would wait for their requests
    for name in STOP_ORDER[1:]:
        supervisor.stop(name)
    cgroups.kill(cgroups.processes, layout.name)
    network.disconnect(layout.name)
    cgroups.delete(layout.name)


def leftovers(layout: Layout, supervisor: Supervisor) -> dict[str, list[str]]:
    """Return what is still there, by kind; every list is empty after a good `down`."""
    running = (name for name in STOP_ORDER if supervisor.find(name) is not None)
    return {
        "processes": [*running, *map(str, sorted(cgroups.processes(layout.name)))],
        "mounts": [str(point) for point in mounts_below(layout.state)],
        "network": [layout.name] if network.is_connected(layout.name) else [],
        "cgroups": [str(path) for path in cgroups.found(layout.name)],
    }


def report(left: dict[str, list[str]]) -> bool:
    """Print the check; say whether nothing is left."""
    for kind, found in left.items():
        say(f"  {kind + ':':12} {'none left' if not found else ', '.join(found[:10])}")
    return not any(left.values())


def delete_state(folder: Path) -> None:
    """Delete the cluster's data, unless something is mounted there: that is somebody else's."""
    if mounted := mounts_below(folder):
        raise DevclusterError(
            f"{folder} is not deleted, because something is mounted at {mounted[0]}; unmount it first"
        )
    shutil.rmtree(folder)


def mounts_below(folder: Path, table: str | None = None) -> list[Path]:
    """Return the mount points below a folder, those mounted last first; `table` is the text of mountinfo."""
    text = table if table is not None else Path("/proc/self/mountinfo").read_text()
    points = (Path(line.split()[4].replace("\\040", " ")) for line in text.splitlines())
    return [point for point in points if folder in (point, *point.parents)][::-1]

"""What a cluster changes on the machine outside its own folder, and how that is taken back.

Kernel settings are remembered before the first change; folders that the programs insist on making are
remembered as absent. `restore` gives the machine back as it was found.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from devcluster.commands import succeeds
from devcluster.layout import CGROUP, RUNTIME_DIR
from devcluster.nodeprograms import POD_NETWORK

PROC_SYS = Path("/proc/sys")
CGROUPS = Path("/sys/fs/cgroup")
V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")
KERNEL_MODULES = ("overlay", "br_netfilter")
# What we set. The kubelet and kube-proxy set the others, which we only remember.
WANTED = {"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1"}
REMEMBERED = (
    *WANTED,
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/ipv4/conf/all/route_localnet",
)
# Paths that the programs make whatever they are told.
FOREIGN_FOLDERS = tuple(
    Path(path)
    for path in (
        "/var/lib/kubelet",
        "/var/log/containers",
        "/var/lib/cni",
        "/run/containerd",
        "/opt/containerd",
        "/run/xtables.lock",
        "/usr/libexec/kubernetes",
    )
)


@dataclass(frozen=True)
class Undo:
    """The machine before: kernel settings by path, and which folders were not there."""

    settings: dict[str, str]
    absent: list[str]


def remember(record: Path) -> None:
    """Write down what the machine looks like, unless a cluster that still stands did so already."""
    if record.exists():
        return
    settings = {
        name: (PROC_SYS / name).read_text().strip() for name in REMEMBERED if (PROC_SYS / name).exists()
    }
    absent = [str(path) for path in FOREIGN_FOLDERS if not path.exists()]
    record.write_text(json.dumps(asdict(Undo(settings, absent)), indent=2))


def prepare() -> None:
    """Load kernel modules where they are modules, forward packets, and make the cgroup of all pods."""
    for module in KERNEL_MODULES:
        if shutil.which("modprobe"):
            succeeds(("modprobe", module))
    for name, value in WANTED.items():
        path = PROC_SYS / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)
    make_cgroups()
    RUNTIME_DIR.mkdir(parents=True, exist_ok=True)


def make_cgroups() -> None:
    """Make our cgroup in every hierarchy, with the controllers that the kubelet wants."""
    for hierarchy in hierarchies():
        own = hierarchy / CGROUP
        if (hierarchy / "cgroup.subtree_control").exists():
            _delegate(hierarchy)
        own.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            # In version 1 a new cpuset is empty until it is told otherwise, and nothing can run in it.
            if (own / name).exists() and not (own / name).read_text().strip():
                (own / name).write_text((hierarchy / name).read_text())


def _delegate(hierarchy: Path) -> None:
    offered = (hierarchy / "cgroup.controllers").read_text().split()
    for controller in V2_CONTROLLERS:
        if controller in offered:
            (hierarchy / "cgroup.subtree_control").write_text(f"+{controller}")


def hierarchies(root: Path = CGROUPS) -> list[Path]:
    """Return the cgroup hierarchies: the one of version 2, or each of version 1 (without aliases)."""
    if (root / "cgroup.controllers").exists():
        return [root]
    if not root.exists():
        return []
    return sorted(
        path
        for path in root.iterdir()
        if path.is_dir() and not path.is_symlink() and (path / "cgroup.procs").exists()
    )


def own_cgroups() -> list[Path]:
    """Return our cgroups, the innermost first."""
    found: list[Path] = []
    for hierarchy in hierarchies():
        top = hierarchy / CGROUP
        if top.exists():
            found += [*(path for path in top.rglob("*") if path.is_dir()), top]
    return sorted(found, key=lambda path: len(path.parts), reverse=True)


def processes_in_cgroups() -> set[int]:
    """Return the processes of all pods."""
    pids: set[int] = set()
    for path in own_cgroups():
        try:
            pids.update(int(line) for line in (path / "cgroup.procs").read_text().split())
        except OSError:
            continue  # it went while we looked
    return pids


def delete_cgroups() -> None:
    """Remove our cgroups; they must be empty of processes."""
    for path in own_cgroups():
        try:
            path.rmdir()
        except OSError:
            continue  # reported by the check that follows


def mounts_below(folder: Path, table: str | None = None) -> list[Path]:
    """Return the mount points below a folder, those mounted last first; `table` is the text of mountinfo."""
    text = table if table is not None else Path("/proc/self/mountinfo").read_text()
    points = (Path(line.split()[4].replace("\\040", " ")) for line in text.splitlines())
    return [point for point in points if folder in (point, *point.parents)][::-1]


def unmount_below(folder: Path) -> None:
    """Unmount everything below a folder."""
    for point in mounts_below(folder):
        if not succeeds(("umount", str(point))):
            succeeds(("umount", "--lazy", str(point)))


def restore(record: Path) -> None:
    """Put kernel settings back and remove the folders that were not there before; the record stays."""
    if not record.exists():
        return
    undo = Undo(**json.loads(record.read_text()))
    for name, value in undo.settings.items():
        path = PROC_SYS / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)
    for text in undo.absent:
        path = Path(text)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def delete_network_results(folder: Path = Path("/var/lib/cni/results")) -> None:
    """Remove the notes that the network plugins keep about our pods."""
    for path in folder.glob(f"{POD_NETWORK}-*"):
        path.unlink(missing_ok=True)


def altered_settings(record: Path) -> list[str]:
    """Return the kernel settings that differ from what was remembered."""
    if not record.exists():
        return []
    settings = Undo(**json.loads(record.read_text())).settings
    return [name for name, value in settings.items() if (PROC_SYS / name).read_text().strip() != value]

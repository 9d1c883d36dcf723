"""Say in plain words why a machine cannot run the cluster, before anything is changed on it.

`problems` is pure: facts in, sentences out. `observe` gathers the facts.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import earlier, network
from devcluster.cgroups import CGROUPS, hierarchies
from devcluster.commands import run

if TYPE_CHECKING:
    from devcluster.layout import Addresses, Layout

CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_NET_ADMIN": 12, "CAP_SYS_CHROOT": 18, "CAP_MKNOD": 27}
CONTROLLERS = ("cpu", "cpuset", "memory", "pids")
DEVICES = ("/dev/null", "/dev/kmsg")
FREE_BYTES = 12_000_000_000
GO_VERSION = (1, 26, 6)
OWN_CLUSTER = "use a cluster of your own instead: set SEGCOMPRESS_CONTEXT, IMAGE_PREFIX and S3_ENDPOINT"


@dataclass(frozen=True)
class Facts:
    """What matters about a machine."""

    system: str = "Linux"
    root: bool = True
    sudo: bool = False
    capabilities: int = ~0
    controllers: tuple[str, ...] = CONTROLLERS
    cgroups_writable: bool = True
    overlay: bool = True
    missing_devices: tuple[str, ...] = ()
    go: tuple[int, ...] | None = GO_VERSION
    go_upgrades_itself: bool = False
    programs_built: bool = False
    free_bytes: int = FREE_BYTES
    overlap: str | None = None
    kept_network: str | None = None
    """The network of a cluster whose data is kept, where another one is asked for."""


def problems(facts: Facts) -> list[str]:
    """Return every reason why the cluster cannot run here; an empty list means it can."""
    if facts.system != "Linux":
        return [f"containers need Linux, this is {facts.system}; {OWN_CLUSTER}, or use `segcompress run`"]
    if not facts.root and not facts.sudo:
        return [f"starting containers needs root, and sudo is missing; become root, or {OWN_CLUSTER}"]
    return [*_rights(facts), *_kernel(facts), *_building(facts), *_neighbours(facts)]


def _rights(facts: Facts) -> list[str]:
    if not facts.root:
        return []  # sudo brings them
    lacking = [name for name, bit in CAPABILITIES.items() if not facts.capabilities >> bit & 1]
    found = (
        [f"root lacks {', '.join(lacking)} here (a restricted container?); {OWN_CLUSTER}"] if lacking else []
    )
    if not facts.cgroups_writable:
        found.append(f"{CGROUPS} cannot be written (a restricted container?); {OWN_CLUSTER}")
    return found


def _kernel(facts: Facts) -> list[str]:
    found = []
    missing = [name for name in CONTROLLERS if name not in facts.controllers]
    if missing:
        found.append(
            f"cgroup controllers {', '.join(missing)} are not mounted below {CGROUPS}; {OWN_CLUSTER}"
        )
    if not facts.overlay:
        found.append("the kernel has no overlay file system (module overlay); images cannot be unpacked")
    found += [f"{device} is missing; the container runtime needs it" for device in facts.missing_devices]
    return found


def _building(facts: Facts) -> list[str]:
    if facts.programs_built:
        return []
    found = []
    wanted = ".".join(map(str, GO_VERSION))
    if facts.go is None:
        found.append(
            f"go is not on PATH; the cluster's programs are built from source with Go {wanted} or newer"
        )
    elif facts.go < GO_VERSION and not facts.go_upgrades_itself:
        found.append(f"Go is {'.'.join(map(str, facts.go))}; the cluster's programs need {wanted} or newer")
    if facts.free_bytes < FREE_BYTES:
        found.append(
            f"only {facts.free_bytes // 10**9} GB are free for building; {FREE_BYTES // 10**9} GB are needed"
        )
    return found


def _neighbours(facts: Facts) -> list[str]:
    found = []
    if facts.overlap:
        found.append(
            f"the machine's route {facts.overlap} overlaps the cluster's network; "
            "name another in SEGCOMPRESS_NETWORK, such as 10.77.0.0/16"
        )
    if facts.kept_network:
        found.append(
            f"the cluster's data belongs to the network {facts.kept_network}; name that one in "
            "SEGCOMPRESS_NETWORK, or delete the data by `python3 -m devcluster down --purge-state`"
        )
    return found


def observe(layout: Layout, addresses: Addresses, *, programs_built: bool) -> Facts:
    """Look at this machine; changes nothing."""
    if platform.system() != "Linux":
        return Facts(system=platform.system())
    status = Path("/proc/self/status").read_text()
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)
    existing = next(path for path in (layout.cache, *layout.cache.parents) if path.exists())
    own = (layout.name, *earlier.interfaces(layout))
    return Facts(
        root=os.geteuid() == 0,
        sudo=shutil.which("sudo") is not None,
        capabilities=int(effective.group(1), 16) if effective else 0,
        controllers=observed_controllers(CGROUPS),
        cgroups_writable=os.access(CGROUPS, os.W_OK)
        and all(os.access(path, os.W_OK) for path in hierarchies()),
        overlay="overlay" in Path("/proc/filesystems").read_text() or shutil.which("modprobe") is not None,
        missing_devices=tuple(device for device in DEVICES if not Path(device).exists()),
        go=go_version(run(("go", "version"))) if shutil.which("go") else None,
        go_upgrades_itself=bool(shutil.which("go")) and run(("go", "env", "GOTOOLCHAIN")).startswith("auto"),
        programs_built=programs_built,
        free_bytes=shutil.disk_usage(existing).free,
        overlap=network.overlapping_route(own, addresses) if shutil.which("ip") else None,
        kept_network=other_network(layout, addresses),
    )


def other_network(layout: Layout, addresses: Addresses) -> str | None:
    """Return the network that kept data was made for, None where it is the one that is asked for.

    etcd holds the ClusterIP of the Service `kubernetes`, which no start of the API server changes.
    """
    kept = layout.network.read_text() if layout.network.exists() else addresses.network
    return None if kept == addresses.network else kept


def observed_controllers(root: Path) -> tuple[str, ...]:
    """Return the cgroup controllers that are there, in either version."""
    unified = root / "cgroup.controllers"
    if unified.exists():
        return tuple(unified.read_text().split())
    return tuple(name for name in CONTROLLERS if (root / name).exists())


def go_version(text: str) -> tuple[int, ...] | None:
    """Read the answer of `go version`."""
    found = re.search(r"go(\d+(?:\.\d+)*)", text.partition("version")[2])
    return tuple(map(int, found.group(1).split("."))) if found else None

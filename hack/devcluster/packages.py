"""What the machine's package system has to provide, installed by apt where it is missing."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.nodeprograms import Tools
from devcluster.progress import Progress, say

if TYPE_CHECKING:
    from collections.abc import Callable

CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
CNI_PLUGINS = ("bridge", "host-local", "loopback")


@dataclass(frozen=True)
class Need:
    """Something that must be on the machine, and the Debian package that brings it."""

    what: str
    package: str
    present: Callable[[], bool]


def find_program(name: str) -> Path | None:
    """Find a program on PATH or in the administrator's folders, which a user's PATH may lack."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    return Path(found) if found else None


def find_cni() -> Path | None:
    """Find the folder with the pod network's plugins."""
    for folder in CNI_FOLDERS:
        if all((folder / plugin).exists() for plugin in CNI_PLUGINS):
            return folder
    return None


def _program(name: str, package: str) -> Need:
    return Need(name, package, lambda: find_program(name) is not None)


NEEDS = (
    _program("runc", "runc"),
    _program("iptables", "iptables"),
    _program("ip", "iproute2"),
    _program("openssl", "openssl"),
    Need("CNI plugins", "containernetworking-plugins", lambda: find_cni() is not None),
)


BROWSER = (_program("chromium", "chromium"),)
"""What the report is looked at with."""


def missing_needs(all_needs: tuple[Need, ...] = NEEDS) -> tuple[Need, ...]:
    """Return what is not there yet."""
    return tuple(need for need in all_needs if not need.present())


def install_missing(all_needs: tuple[Need, ...] = NEEDS) -> None:
    """Install what is missing, saying so before; do nothing where all is there."""
    needs = missing_needs(all_needs)
    if not needs:
        return
    names = ", ".join(need.what for need in needs)
    packages = [need.package for need in needs]
    if shutil.which("apt-get") is None:
        raise DevclusterError(
            f"missing on this machine: {names}; apt-get is missing too, please install them yourself"
        )
    say(f"Missing on this machine: {names}. Installing by apt-get: {' '.join(packages)}")
    with Progress("apt-get update"):
        run(("apt-get", "update", "-q"))
    with Progress(f"apt-get install {' '.join(packages)}"):
        run(
            (
                "env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "install",
                "-y",
                "-q",
                "--no-install-recommends",
                *packages,
            )
        )
    if still := missing_needs(all_needs):
        raise DevclusterError(f"apt-get installed {still[0].package}, but {still[0].what} is still not found")


def tools() -> Tools:
    """Return where runc and the CNI plugins lie."""
    runc, cni = find_program("runc"), find_cni()
    if runc is None or cni is None:
        raise DevclusterError(
            "runc or the CNI plugins are missing; run `python3 -m devcluster up`, which installs them"
        )
    return Tools(runc, cni)

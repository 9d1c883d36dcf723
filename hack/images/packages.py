"""What buildah's way needs of the machine's packages, and its installation by apt where it is missing.

Says what it installs before it does. Docker's way needs nothing of this.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.progress import say
from images.errors import ImagesError
from images.execution import execute

if TYPE_CHECKING:
    from collections.abc import Callable

    from images.settings import Settings

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CA_FILE = Path("/etc/ssl/certs/ca-certificates.crt")
PROGRAM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Need:
    """Something that must be on the machine, and the Debian package that brings it."""

    what: str
    package: str
    present: Callable[[], bool]


def _program(name: str) -> Need:
    return Need(name, name, lambda: shutil.which(name, path=PROGRAM_FOLDERS) is not None)


NEEDS = (
    _program("buildah"),
    _program("debootstrap"),
    Need("Debian's archive keys", "debian-archive-keyring", KEYRING.is_file),
    Need("CA certificates", "ca-certificates", CA_FILE.is_file),
)


def missing(needs: tuple[Need, ...] = NEEDS) -> tuple[Need, ...]:
    """Return what is not there yet."""
    return tuple(need for need in needs if not need.present())


def install_command(needs: tuple[Need, ...]) -> tuple[str, ...]:
    """Return the command that installs the packages of the needs."""
    quiet = (
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "--yes",
        "--no-install-recommends",
    )
    return (*quiet, *sorted(need.package for need in needs))


def install_missing(settings: Settings) -> None:
    """Install what is missing, saying so before; do nothing where all is there."""
    needs = missing()
    if not needs:
        return
    names = ", ".join(need.what for need in needs)
    if shutil.which("apt-get") is None:
        raise ImagesError(
            f"missing on this machine: {names}; without apt-get here, install them or start a Docker engine"
        )
    say(
        f"Missing on this machine: {names}. Installing by apt-get: {' '.join(need.package for need in needs)}"
    )
    execute("apt-get update", ("apt-get", "update"), settings.log("apt-update"))
    execute("apt-get install", install_command(needs), settings.log("apt-install"))
    if still := missing():
        raise ImagesError(f"apt-get installed {still[0].package}, but {still[0].what} is still not found")

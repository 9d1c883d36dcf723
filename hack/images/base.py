"""The base image without a registry: Debian by debootstrap, under the name that the Dockerfile uses.

It is trimmed by the rules of Debian's own slim images, so that the same Dockerfile gives the same image on
either. Made once and kept as an archive; what was interrupted has no description beside it and is made again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.progress import Progress
from images.execution import execute

if TYPE_CHECKING:
    from images.engines import Buildah, Command
    from images.settings import Settings

SUITE = "bookworm"
DOCKERFILE = 'FROM scratch\nADD rootfs.tar /\nCMD ["bash"]\n'
DPKG_RULES = """\
# As in Debian's slim images: no manuals and translations; copyright files stay.
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
"""
EMPTIED = (
    *(f"usr/share/{name}" for name in ("groff", "info", "lintian", "locale", "man")),
    *("var/cache/apt", "var/lib/apt/lists", "var/log"),
)
OF_THIS_MACHINE = ("etc/resolv.conf", "etc/hostname")


def bootstrap_command(folder: Path) -> Command:
    """Return the call of debootstrap, in mounts of its own: none can stay behind where it is interrupted."""
    return ("unshare", "--mount", "debootstrap", "--variant=minbase", SUITE, str(folder))


def recipe() -> str:
    """Return what identifies this way of making the base: another text here makes a new base."""
    parts = (*bootstrap_command(Path("/")), DOCKERFILE, DPKG_RULES, *EMPTIED)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def with_security_updates(sources: str) -> str:
    """Return debootstrap's sources.list with the suites for updates and security, on the same mirror."""
    kind, mirror, suite, *components = sources.split()
    archive = mirror.rstrip("/")
    lines = ((archive, suite), (archive, f"{suite}-updates"), (f"{archive}-security", f"{suite}-security"))
    return "".join(f"{kind} {address} {name} {' '.join(components)}\n" for address, name in lines)


def base_identity(settings: Settings) -> str | None:
    """Return the sha256 of the base's file system, or None where it has to be made (anew)."""
    description = settings.base / "base.json"
    if not description.is_file() or not (settings.base / "rootfs.tar").is_file():
        return None
    said: dict[str, str] = json.loads(description.read_text(encoding="utf-8"))
    return said["sha256"] if said.get("recipe") == recipe() else None


def ensure_base(buildah: Buildah, name: str) -> str:
    """Make the base image where it is missing, under the name given; return its identity."""
    settings = buildah.settings
    identity = base_identity(settings) or _bootstrap(settings)
    label = f"{name}-{identity[:12]}"
    if subprocess.run(buildah.exists(label), capture_output=True, check=False).returncode != 0:
        (settings.base / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        execute(f"base image {name}", buildah.build_base(label, settings.base), settings.log("base-image"))
        execute(f"base image {name}: name it", buildah.command("tag", label, name), settings.log("base-tag"))
    return identity


def forget_base(settings: Settings) -> None:
    """Let the next build make the base anew, with today's packages."""
    (settings.base / "base.json").unlink(missing_ok=True)


def _bootstrap(settings: Settings) -> str:
    folder = settings.scratch / "rootfs"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(settings.base, ignore_errors=True)
    settings.base.mkdir(parents=True)
    execute(
        f"base system (debootstrap {SUITE}, about 2 minutes)",
        bootstrap_command(folder),
        settings.log("debootstrap"),
    )
    trim(folder)
    archive = settings.base / "rootfs.tar"
    pack = (
        "tar",
        "--create",
        "--numeric-owner",
        "--sort=name",
        "--file",
        str(archive),
        "--directory",
        str(folder),
        ".",
    )
    execute("base system: pack", pack, settings.log("base-pack"))
    with Progress("base system: digest"), archive.open("rb") as content:
        identity = hashlib.file_digest(content, "sha256").hexdigest()
    description = {"sha256": identity, "recipe": recipe()}
    (settings.base / "base.json").write_text(json.dumps(description), encoding="utf-8")
    shutil.rmtree(folder)
    return identity


def trim(folder: Path) -> None:
    """Take out of a bootstrapped system what slim images leave out and what belongs to this machine."""
    for name in EMPTIED:
        _empty(folder / name)
    for document in (folder / "usr/share/doc").glob("*/*"):
        if document.name != "copyright":
            shutil.rmtree(document) if document.is_dir() and not document.is_symlink() else document.unlink()
    for name in OF_THIS_MACHINE:
        (folder / name).unlink(missing_ok=True)
    (folder / "etc/dpkg/dpkg.cfg.d/slim").write_text(DPKG_RULES, encoding="utf-8")
    sources = folder / "etc/apt/sources.list"
    sources.write_text(with_security_updates(sources.read_text(encoding="utf-8")), encoding="utf-8")


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)

"""Bring container images from archive files into containerd, without a registry.

Also makes the archive of the pause image, which is one static program and nothing else. What was imported is
remembered by the archive's own digest, so that an unchanged archive of several GB is skipped at once.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster.build import exclusive
from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.nodeprograms import PAUSE_IMAGE
from devcluster.progress import Progress, say

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.layout import Layout

NAMESPACE = "k8s.io"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # the kernel's word for it, and the images'
NAME_ANNOTATION = "io.containerd.image.name"
REFERENCE_ANNOTATION = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Archive:
    """What an archive holds: the images' names, and a digest that changes with their content."""

    names: tuple[str, ...]
    digest: str


def read_archive(path: Path) -> Archive:
    """Read the head of a docker-archive or oci-archive; raises where it is neither."""
    try:
        with tarfile.open(path) as archive:
            heads = {member.name.removeprefix("./"): member for member in archive if _is_head(member)}
            if "manifest.json" in heads:
                return _docker_archive(_read(archive, heads["manifest.json"]))
            if "index.json" in heads:
                return _oci_archive(_read(archive, heads["index.json"]))
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise DevclusterError(f"{path}: cannot be read as an image archive: {error}") from None
    raise DevclusterError(
        f"{path}: is neither a docker-archive (manifest.json) nor an oci-archive (index.json)"
    )


def _is_head(member: tarfile.TarInfo) -> bool:
    return member.isfile() and member.name.removeprefix("./") in ("manifest.json", "index.json")


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    if opened is None:
        raise ValueError(f"{member.name} is not a file")
    return opened.read()


def _docker_archive(manifest: bytes) -> Archive:
    # Config and Layers are named by their sha256, so this small file changes with the content.
    names = tuple(name for image in json.loads(manifest) for name in image.get("RepoTags") or ())
    return Archive(names, hashlib.sha256(manifest).hexdigest())


def _oci_archive(index: bytes) -> Archive:
    annotations = (entry.get("annotations", {}) for entry in json.loads(index)["manifests"])
    names = (found.get(NAME_ANNOTATION) or found.get(REFERENCE_ANNOTATION) for found in annotations)
    return Archive(tuple(name for name in names if name), hashlib.sha256(index).hexdigest())


def load(layout: Layout, socket: Path, path: Path) -> None:
    """Import an archive's images into the containerd at `socket`, unless these very ones are there."""
    archive = read_archive(path)
    if not archive.names:
        raise DevclusterError(
            f"{path}: names no image; write it with a name, such as docker-archive:FILE:NAME:TAG"
        )
    with exclusive(layout.images.with_suffix(".lock"), "another import"):
        known: dict[str, str] = json.loads(layout.images.read_text()) if layout.images.exists() else {}
        present = present_images(layout, socket)
        if all(
            name in present and known.get(name) == f"{archive.digest} {present[name]}"
            for name in archive.names
        ):
            say(f"{', '.join(archive.names)}: already loaded")
            return
        with Progress(f"load {', '.join(archive.names)} ({path.stat().st_size / 1e6:.0f} MB)"):
            run((*_ctr(layout, socket), "images", "import", "--local", str(path)))
        present = present_images(layout, socket)
        known |= {name: f"{archive.digest} {present.get(name)}" for name in archive.names}
        layout.images.write_text(json.dumps(known, indent=2))


def present_images(layout: Layout, socket: Path) -> dict[str, str]:
    """Return the images that containerd holds: digest by name."""
    rows = run((*_ctr(layout, socket), "images", "list")).splitlines()[1:]
    return {columns[0]: columns[2] for columns in map(str.split, rows)}


def _ctr(layout: Layout, socket: Path) -> tuple[str, ...]:
    return (str(layout.bin / "ctr"), f"--address={socket}", f"--namespace={NAMESPACE}")


def load_pause(layout: Layout, socket: Path) -> None:
    """Make and import the image that holds a pod's namespaces."""
    archive = layout.state / "pause.tar"
    architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
    wanted = single_program_archive(PAUSE_IMAGE, (layout.bin / "pause").read_bytes(), architecture)
    if not archive.exists() or archive.read_bytes() != wanted:
        archive.write_bytes(wanted)
    load(layout, socket, archive)


def single_program_archive(name: str, program: bytes, architecture: str = "amd64") -> bytes:
    """Return a docker-archive of an image that holds one static program, /program, and runs it as nobody.

    The same program gives the same bytes: no times, no owners.
    """
    layer = _tar([("program", program, 0o755)])
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Entrypoint": ["/program"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    config_name, layer_name = (
        f"{hashlib.sha256(config).hexdigest()}.json",
        f"{hashlib.sha256(layer).hexdigest()}.tar",
    )
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": [layer_name]}]).encode()
    return _tar(
        [("manifest.json", manifest, 0o644), (config_name, config, 0o644), (layer_name, layer, 0o644)]
    )


def _tar(files: list[tuple[str, bytes, int]]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content, mode in files:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()

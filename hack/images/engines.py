"""Command lines of the two engines that can build, and which of them this machine has.

The makers are pure: they run nothing. All of buildah's state is named on its command line, so that the images
of whoever owns the machine stay untouched.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from images.errors import ImagesError

if TYPE_CHECKING:
    from pathlib import Path

    from images.settings import Image, Settings

Command = tuple[str, ...]


@dataclass(frozen=True)
class Build:
    """One build: what, under which name, from which folder, trusting which certificates."""

    image: Image
    reference: str
    context: Path
    ca_bundle: Path | None


class Engine(Protocol):
    """What the rest needs from a program that builds images."""

    @property
    def name(self) -> str:
        """Name for messages."""
        ...

    def build(self, build: Build) -> Command:
        """Return the command that builds one target."""
        ...

    def save(self, reference: str, archive: Path) -> Command:
        """Return the command that writes an image to a docker-archive."""
        ...

    def push(self, reference: str, destination: str, *, insecure: bool) -> tuple[Command, ...]:
        """Return the commands that send an image to a registry, under the name it has there."""
        ...

    def remove(self, reference: str) -> Command:
        """Return the command that forgets an image."""
        ...


def _build_options(build: Build) -> Command:
    secret = () if build.ca_bundle is None else ("--secret", f"id=ca-bundle,src={build.ca_bundle}")
    return (
        *("--target", build.image.target),
        *("--build-arg", f"PADDLE={build.image.paddle}"),
        *secret,
        *("--tag", build.reference),
        *("--file", str(build.context / "Dockerfile")),
        str(build.context),
    )


@dataclass(frozen=True)
class Docker:
    """The engine that most machines of developers have."""

    name: str = "docker"

    def build(self, build: Build) -> Command:
        """BuildKit, as lines of text. No attestation: it would make a list out of a single image."""
        variables = ("DOCKER_BUILDKIT=1", "BUILDX_NO_DEFAULT_ATTESTATIONS=1")
        return ("env", *variables, "docker", "build", "--progress", "plain", *_build_options(build))

    def save(self, reference: str, archive: Path) -> Command:
        """Write the image with its name."""
        return ("docker", "save", "--output", str(archive), reference)

    def push(self, reference: str, destination: str, *, insecure: bool) -> tuple[Command, ...]:
        """Name it and push; an insecure registry is a setting of Docker's daemon, not of its client."""
        if insecure:
            raise ImagesError(
                "--insecure: Docker takes this from `insecure-registries` in its daemon.json instead"
            )
        return ("docker", "tag", reference, destination), ("docker", "push", destination)

    def remove(self, reference: str) -> Command:
        """Remove the name and what only it needs."""
        return ("docker", "image", "rm", reference)


@dataclass(frozen=True)
class Buildah:
    """Builds without a daemon; `chroot` isolation needs root, and nothing else of the machine."""

    settings: Settings
    driver: str = "overlay"
    name: str = "buildah"

    def command(self, *arguments: str) -> Command:
        """Return a call of buildah on our own storage."""
        variables = ("BUILDAH_ISOLATION=chroot", f"TMPDIR={self.settings.scratch}")
        state = ("--root", str(self.settings.storage), "--runroot", str(self.settings.run_root))
        return ("env", *variables, "buildah", *state, "--storage-driver", self.driver, *arguments)

    def build(self, build: Build) -> Command:
        """Build with a cache of layers; nothing but layers stays, however it ends."""
        return self.command("build", "--layers", "--force-rm", *_build_options(build))

    def remove_leftovers(self) -> Command:
        """Return the command that removes what a build left that was killed."""
        return self.command("rm", "--all")

    def build_base(self, reference: str, folder: Path) -> Command:
        """Turn the folder's archive into an image."""
        return self.command("build", "--tag", reference, "--file", str(folder / "Dockerfile"), str(folder))

    def exists(self, reference: str) -> Command:
        """Return the command that ends well where the image is known."""
        return self.command("inspect", "--type", "image", "--format", "{{.FromImageID}}", reference)

    def environment(self, reference: str) -> Command:
        """Return the command that prints the image's environment, a variable a line."""
        each = "{{range .OCIv1.Config.Env}}{{println .}}{{end}}"
        return self.command("inspect", "--type", "image", "--format", each, reference)

    def save(self, reference: str, archive: Path) -> Command:
        """Write the image with its name, layers uncompressed: fast to write and fast to import."""
        return self.command("push", "--quiet", reference, f"docker-archive:{archive}:{reference}")

    def push(self, reference: str, destination: str, *, insecure: bool) -> tuple[Command, ...]:
        """Push under another name; none is kept here."""
        verify = f"--tls-verify={str(not insecure).lower()}"
        return (self.command("push", verify, reference, f"docker://{destination}"),)

    def remove(self, reference: str) -> Command:
        """Remove the name and what only it needs."""
        return self.command("rmi", reference)


def docker_answers() -> bool:
    """Say whether a Docker engine can be reached from here."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(
        ("docker", "version", "--format", "{{.Server.Version}}"), capture_output=True, check=False
    )
    return asked.returncode == 0


def choose_engine(wanted: str, settings: Settings) -> Engine:
    """Return the engine asked for; `auto` takes Docker where it answers and buildah otherwise."""
    if wanted == "docker" and not docker_answers():
        raise ImagesError("--engine docker: no Docker engine answers here; start it, or use --engine buildah")
    if wanted == "docker" or (wanted == "auto" and docker_answers()):
        return Docker()
    return Buildah(settings)


def with_working_driver(buildah: Buildah) -> Buildah:
    """Return buildah with overlay where the kernel can stack our storage, else with (slow) plain copies."""
    asked = subprocess.run(buildah.command("info"), capture_output=True, check=False)
    return buildah if asked.returncode == 0 else Buildah(buildah.settings, driver="vfs")

"""Where everything lies and what the images are called.

Pure: environment in, paths and names out. Nothing is created here.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from images.errors import ImagesError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parents[2]
TARGETS = ("operator", "runner")
LOCAL_PREFIX = "localhost/segcompress"
"""Names of images on this machine: no registry can answer to them, so none is ever asked for one."""

CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
REPOSITORY = re.compile(r"[a-z0-9]+([._:/-]+[a-z0-9]+)*")


@dataclass(frozen=True)
class Image:
    """One thing to build: a target of the Dockerfile and the Paddle that goes into it."""

    target: str
    gpu: bool = False

    @property
    def name(self) -> str:
        """Name of the repository and of the archive."""
        return f"{self.target}-gpu" if self.gpu else self.target

    @property
    def paddle(self) -> str:
        """Value of the build argument PADDLE."""
        return "paddlepaddle-gpu" if self.gpu else "paddlepaddle"


@dataclass(frozen=True)
class Settings:
    """One run's choices: the folder for state, and where images are pushed to."""

    root: Path
    registry: str | None = None
    tag: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read SEGCOMPRESS_CACHE, IMAGE_PREFIX and IMAGE_TAG; raise ImagesError for what cannot be a name."""
        named = environ.get("SEGCOMPRESS_CACHE")
        cache = (
            Path(named).expanduser().resolve()
            if named
            else Path(environ.get("HOME", "/")) / ".cache/segcompress"
        )
        registry = environ.get("IMAGE_PREFIX", "").rstrip("/") or None
        tag = environ.get("IMAGE_TAG") or None
        if registry and not _names_a_registry(registry):
            raise ImagesError(
                f"IMAGE_PREFIX is '{registry}': must start with a registry and be in lower case, "
                "such as registry.example.com/team or docker.io/team"
            )
        if tag and not TAG.fullmatch(tag):
            raise ImagesError(f"IMAGE_TAG is '{tag}': must be letters, digits, '.', '_' and '-', 128 at most")
        return cls(cache / "images", registry, tag)

    def reference(self, image: Image, digest: str) -> str:
        """Return the name on this machine; its tag follows the inputs, so that no node runs a stale image."""
        return f"{LOCAL_PREFIX}/{image.name}:{_tag_of(digest)}"

    def destination(self, image: Image, digest: str) -> str:
        """Return the name in the registry: IMAGE_TAG, or the tag that follows the inputs."""
        if self.registry is None:
            raise ImagesError(
                "push needs a registry: set IMAGE_PREFIX, such as IMAGE_PREFIX=registry.example.com/team"
            )
        return f"{self.registry}/{image.name}:{self.tag or _tag_of(digest)}"

    def archive(self, image: Image) -> Path:
        """Return the docker-archive of an image."""
        return self.root / f"{image.name}.tar"

    def log(self, step: str) -> Path:
        """Return where everything that a step's programs print goes."""
        return self.root / "logs" / f"{step}.log"

    @property
    def records(self) -> Path:
        """What was built, for other programs."""
        return self.root / "refs.json"

    @property
    def lock(self) -> Path:
        """Held while something is built."""
        return self.root / "lock"

    @property
    def storage(self) -> Path:
        """Layers of buildah: our own, so that nothing of the user's is touched."""
        return self.root / "storage"

    @property
    def run_root(self) -> Path:
        """What buildah has mounted: below /run, for it must not outlive a restart of the machine."""
        return Path("/run") / f"segcompress-images-{hashlib.sha256(str(self.root).encode()).hexdigest()[:8]}"

    @property
    def scratch(self) -> Path:
        """Temporary files and the package cache of builds."""
        return self.root / "tmp"

    @property
    def base(self) -> Path:
        """The base image's file system, as an archive and its description."""
        return self.root / "base"


def _tag_of(digest: str) -> str:
    return f"dev-{digest[:12]}"


def _names_a_registry(prefix: str) -> bool:
    """Say whether every engine reads the first part as a host, as Docker's rule for names has it."""
    host = prefix.partition("/")[0]
    return bool(REPOSITORY.fullmatch(prefix)) and ("." in host or ":" in host or host == "localhost")


def find_ca_bundle(environ: Mapping[str, str]) -> Path | None:
    """Return the CA certificates that this machine trusts, or None where they lie in no file."""
    named = [environ[name] for name in CA_VARIABLES if environ.get(name)]
    return next((Path(path) for path in (*named, *CA_FILES) if Path(path).is_file()), None)


def base_image(dockerfile: str) -> str:
    """Return the base image's name from the text of the Dockerfile."""
    found = re.search(r"^ARG BASE_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    if not found:
        raise ImagesError("Dockerfile: the line `ARG BASE_IMAGE=<name>` is missing")
    return found.group(1)

"""What a run leaves behind, and the one moment at which it counts.

Layout below output.uri, for a reader that trusts manifests only:

    <runKey>/attempts/<attempt>/model.pdmodel, model.pdiparams, model.onnx, result.json, table.md
    <runKey>/manifest.json      last, created only where none is: it names the winning attempt's files

`segcompress run --output DIR` leaves the same files in DIR itself, manifest.json beside them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from segcompress_api.base import API_GROUP, API_VERSION, Model
from segcompress_api.conditions import GATE_REASONS, Reason
from segcompress_api.contract import RunResult
from segcompress_api.status import Artifact, Artifacts, Metrics, Sha256, ShortText, timestamp
from segcompress_runner.errors import InputNotFoundError, InvalidInputError, InvalidSettingError
from segcompress_runner.run_key import RUNNER_VERSION
from segcompress_runner.storage import Address, Named, Storage
from segcompress_runner.storage.protocol import Step

MANIFEST = "manifest.json"
PROGRAM, PARAMS, ONNX, RESULT, TABLE = (
    "model.pdmodel",
    "model.pdiparams",
    "model.onnx",
    "result.json",
    "table.md",
)
_MANIFEST_BYTES = 2**20


@dataclass(frozen=True)
class Place:
    """Where one attempt's files go (`files`), and where the manifest stands above or beside them."""

    folder: Address
    below: str
    flat: bool = False

    @property
    def manifest(self) -> Address:
        """Address of the manifest."""
        return self.folder / MANIFEST

    @property
    def files(self) -> Address:
        """Folder of this attempt's files."""
        return self.folder / self.below if self.below else self.folder


def bucket_place(output: Address, run_key: str, attempt: str) -> Place:
    """Return the place of one attempt below output.uri."""
    return Place(output / run_key, f"attempts/{attempt}")


def flat_place(folder: Address) -> Place:
    """Return the place of `--output DIR`: everything in one folder."""
    return Place(folder, "", flat=True)


class ManifestFile(Model):
    """One file of the winning attempt."""

    name: str = Field(max_length=256)
    path: str = Field(max_length=1024, description="Relative to the manifest's folder.")
    sha256: Sha256
    size_bytes: int = Field(ge=0)


class Manifest(Model):
    """What a published run is: trust this, and the files that it names with their digests."""

    api_version: Literal["segcompress.dev/v1alpha1"] = f"{API_GROUP}/{API_VERSION}"  # type: ignore[assignment]
    kind: Literal["RunManifest"] = "RunManifest"
    run_key: str = Field(pattern=r"^[0-9a-f]{16}$")
    runner_version: str
    attempt: str
    published: str
    accepted: bool
    reason: Reason
    message: ShortText
    metrics: Metrics
    notes: tuple[ShortText, ...] = Field(default=(), max_length=8)
    files: tuple[ManifestFile, ...]

    def file(self, name: str) -> ManifestFile | None:
        """Return the file of that name."""
        return next((file for file in self.files if file.name == name), None)


@dataclass(frozen=True)
class Verdict:
    """How a measured run ended: succeeded, or short of a gate."""

    reason: Reason
    message: str
    metrics: Metrics
    notes: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether every gate passed."""
        return self.reason not in GATE_REASONS


def find_published(storage: Storage, place: Place, run_key: str) -> RunResult | None:
    """Return the result of a run of this key that is published already, None where there is none.

    A run that missed a gate ends so again, with the same reason: it would be measured no better.
    """
    try:
        content = storage.read(place.manifest, _MANIFEST_BYTES)
    except InputNotFoundError:
        return None
    manifest = _parse(content, place.manifest)
    if manifest.run_key != run_key:
        raise InvalidSettingError(
            f"{place.folder}: holds the run {manifest.run_key} already, which is not this one ({run_key}): "
            "settings or inputs differ; name another folder, or remove that one"
        )
    _check_complete(storage, place, manifest)
    return _result(manifest, content, place, again=True)


def reserve(storage: Storage, place: Place, started: datetime) -> None:
    """Show that results can be written where they will go: a missing right shows now, not in hours."""
    storage.reserve(place.files, f"started {timestamp(started)} by segcompress {RUNNER_VERSION}\n")


def publish(storage: Storage, place: Place, run: "Finished", step: Step) -> RunResult:
    """Upload the files, then create the manifest; return the result of whichever attempt came first."""
    storage.upload(place.files, run.files, step)
    text = _manifest(place, run).model_dump_json(by_alias=True, indent=2, exclude_none=True)
    content = f"{text}\n".encode()
    if not storage.create(place.manifest, content):
        content = storage.read(place.manifest, _MANIFEST_BYTES)
    manifest = _parse(content, place.manifest)
    return _result(manifest, content, place, again=manifest.attempt != run.attempt)


@dataclass(frozen=True)
class Finished:
    """A run that is ready to be published; files by the name that they are published under."""

    run_key: str
    attempt: str
    verdict: Verdict
    files: Mapping[str, Path]
    now: datetime


def _manifest(place: Place, run: Finished) -> Manifest:
    prefix = f"{place.below}/" if place.below else ""
    return Manifest(
        run_key=run.run_key,
        runner_version=RUNNER_VERSION,
        attempt=run.attempt,
        published=timestamp(run.now),
        accepted=run.verdict.accepted,
        reason=run.verdict.reason,
        message=run.verdict.message,
        metrics=run.verdict.metrics,
        notes=run.verdict.notes,
        files=tuple(_file(name, f"{prefix}{name}", path) for name, path in run.files.items()),
    )


def _file(name: str, path: str, source: Path) -> ManifestFile:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ManifestFile(name=name, path=path, sha256=digest, size_bytes=source.stat().st_size)


def _parse(content: bytes, address: Address) -> Manifest:
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidInputError(f"{address}: is no manifest of a run ({where}: {first['msg']})") from None


def _check_complete(storage: Storage, place: Place, manifest: Manifest) -> None:
    try:
        storage.stat(place.folder, [Named(file.path, MANIFEST) for file in manifest.files])
    except InputNotFoundError as error:
        raise InputNotFoundError(
            f"{error}, though the run was published; remove {place.manifest} to run again"
        ) from None


def _result(manifest: Manifest, content: bytes, place: Place, *, again: bool) -> RunResult:
    reason, message = manifest.reason, manifest.message
    if again and manifest.accepted:
        reason = Reason.REUSED
        message = f"the same run was published on {manifest.published}: {message}"
    return RunResult(
        reason=reason,
        message=message[:1024],
        metrics=manifest.metrics,
        notes=manifest.notes,
        artifacts=Artifacts(
            manifest=Artifact(
                uri=str(place.manifest),
                sha256=hashlib.sha256(content).hexdigest(),
                size_bytes=len(content),
            ),
            model=_artifact(manifest.file(PARAMS), place, folder=True),
            onnx=_artifact(manifest.file(ONNX), place, folder=False),
        ),
    )


def _artifact(file: ManifestFile | None, place: Place, *, folder: bool) -> Artifact | None:
    if file is None:
        return None
    address = str(place.folder / file.path)
    uri = address.rpartition("/")[0] + "/" if folder else address
    return Artifact(uri=uri, sha256=file.sha256, size_bytes=file.size_bytes)

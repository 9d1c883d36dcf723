"""What a reader of the bucket may trust: one manifest for each model, one for each measurement of it.

Layout below output.uri:

    <modelKey>/attempts/<attempt>/model.pdmodel, model.pdiparams            a training's files
    <modelKey>/model/manifest.json                                          names the one that is published
    <modelKey>/attempts/<attempt>/model.onnx, result.json, report.html, …  a measurement's files
    <modelKey>/measurements/<measurementKey>/manifest.json                  names them and the model's

A manifest is created after its files, and only where there is none yet: the first attempt to publish wins,
and the files of any other stay unread. `segcompress run --output DIR` leaves the files of one model and its
latest measurement in DIR itself, with manifest.json and model-manifest.json beside them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from segcompress_api.base import API_GROUP, API_VERSION, Model
from segcompress_api.conditions import Reason
from segcompress_api.status import Metrics, Sha256, ShortText
from segcompress_runner.compression.winner import Evaluation
from segcompress_runner.errors import InputNotFoundError, InvalidInputError
from segcompress_runner.provenance import RUNNER_VERSION
from segcompress_runner.storage import Address, Storage

MANIFEST = "manifest.json"
_LIMIT = 2**24
"""Bytes of a manifest: an evaluation of the training takes some 130, and a long one has thousands."""

Key = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


@dataclass(frozen=True)
class Place:
    """Where everything with one model key lies, and under which name this attempt adds to it.

    `flat` is the place of `--output DIR`: one model and one measurement, side by side.
    """

    folder: Address
    attempt: str
    flat: bool = False

    @property
    def prefix(self) -> str:
        """Path of this attempt's files below the folder, with a slash at its end where there is one."""
        return "" if self.flat else f"attempts/{self.attempt}/"

    @property
    def files(self) -> Address:
        """Folder of this attempt's files."""
        return self.folder if self.flat else self.folder / self.prefix.rstrip("/")

    @property
    def model(self) -> Address:
        """Address of the model's manifest."""
        return self.folder / (f"model-{MANIFEST}" if self.flat else f"model/{MANIFEST}")

    def measurement(self, key: str) -> Address:
        """Return the address of one measurement's manifest."""
        return self.folder / (MANIFEST if self.flat else f"measurements/{key}/{MANIFEST}")

    @property
    def remedy(self) -> str:
        """What to do where anything in the folder is broken; a user's own folder may hold more than a run."""
        return (
            f"name another folder than {self.folder}" if self.flat else f"remove {self.folder} to run again"
        )


class ManifestFile(Model):
    """One published file."""

    name: str = Field(max_length=256)
    path: str = Field(max_length=1024, description="Relative to <output.uri>/<modelKey>/.")
    sha256: Sha256
    size_bytes: int = Field(ge=0)


class EvaluationRecord(Model):
    """One evaluation during the training."""

    iteration: int
    miou: float
    ratio: float | None = None
    eligible: bool

    @classmethod
    def of(cls, evaluation: Evaluation) -> "EvaluationRecord":
        """Return the record of `evaluation`."""
        return cls(
            iteration=evaluation.iteration,
            miou=evaluation.miou,
            ratio=evaluation.ratio,
            eligible=evaluation.eligible,
        )


class LossRecord(Model):
    """The mean loss of the iterations after the record before, up to and with `iteration`."""

    iteration: int
    loss: float


class TrainingRecord(Model):
    """How the weights came about."""

    iterations: int
    best_iteration: int = Field(description="Iteration after which the published weights were taken.")
    seconds: float
    processor: str
    threads: int
    history: tuple[EvaluationRecord, ...]
    losses: tuple[LossRecord, ...] = ()
    strategy: dict[str, Any] = Field(default={}, description="The sections, those of a preset written out.")


class Promotion(Model):
    """Where a promoted model was copied from, and what it replaced."""

    source: ShortText = Field(description="Address of the manifest that it was published by.")
    source_sha256: Sha256
    promoted: str
    attempt: str
    replaced: Sha256 | None = Field(default=None, description="SHA-256 of the manifest that was here.")


class _Manifest(Model):
    api_version: Literal["segcompress.dev/v1alpha1"] = f"{API_GROUP}/{API_VERSION}"  # type: ignore[assignment]
    kind: str
    model_key: Key
    runner_version: str = RUNNER_VERSION
    attempt: str
    published: str
    files: tuple[ManifestFile, ...]

    def file(self, name: str) -> ManifestFile | None:
        """Return the file of that name."""
        return next((file for file in self.files if file.name == name), None)


class ModelManifest(_Manifest):
    """Published weights. A run with this model key does not train."""

    kind: Literal["ModelManifest"] = "ModelManifest"
    training: TrainingRecord


class MeasurementManifest(_Manifest):
    """Published figures of published weights, all of whose files it names too."""

    kind: Literal["MeasurementManifest"] = "MeasurementManifest"
    measurement_key: Key
    processor: str
    threads: int
    accepted: bool
    reason: Reason
    message: ShortText
    metrics: Metrics
    notes: tuple[ShortText, ...] = Field(default=(), max_length=8)
    promotion: Promotion | None = None


_M = TypeVar("_M", ModelManifest, MeasurementManifest)


@dataclass(frozen=True)
class Stored:
    """The address and digest of an object that holds a manifest."""

    address: Address
    sha256: str
    size_bytes: int


def read_manifest(
    storage: Storage, address: Address, kind: type[_M], remedy: str
) -> tuple[_M, Stored] | None:
    """Return the manifest at `address`, None where there is none; raises InvalidInputError with `remedy`."""
    found = read_tagged_manifest(storage, address, kind, remedy)
    return None if found is None else found[:2]


def read_tagged_manifest(
    storage: Storage, address: Address, kind: type[_M], remedy: str
) -> tuple[_M, Stored, str] | None:
    """Return the same with the tag to pass to `exchange_manifest`."""
    try:
        found = storage.read_tagged(address, _LIMIT)
    except InputNotFoundError:
        return None
    return _parse(found.content, address, kind, remedy), _stored(address, found.content), found.tag


def create_manifest(storage: Storage, address: Address, manifest: Model) -> Stored | None:
    """Put `manifest` where none is; None where one is."""
    content = _serialised(manifest)
    return _stored(address, content) if storage.create(address, content) else None


def exchange_manifest(storage: Storage, address: Address, manifest: Model, tag: str) -> Stored | None:
    """Replace the manifest with that tag; None if it has changed or is gone."""
    content = _serialised(manifest)
    return _stored(address, content) if storage.replace(address, content, tag) else None


def replace_manifest(storage: Storage, address: Address, manifest: Model) -> Stored:
    """Put `manifest` in place of whatever is there."""
    content = _serialised(manifest)
    storage.write(address, content)
    return _stored(address, content)


def describe_files(files: Mapping[str, Path], prefix: str) -> tuple[ManifestFile, ...]:
    """Return local files as they are to be published below `prefix`."""
    return tuple(_described(name, f"{prefix}{name}", path) for name, path in files.items())


def _described(name: str, path: str, source: Path) -> ManifestFile:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ManifestFile(name=name, path=path, sha256=digest, size_bytes=source.stat().st_size)


def _serialised(manifest: Model) -> bytes:
    text = manifest.model_dump_json(by_alias=True, indent=2, exclude_none=True)
    return f"{text}\n".encode()


def _stored(address: Address, content: bytes) -> Stored:
    return Stored(address, hashlib.sha256(content).hexdigest(), len(content))


def _parse(content: bytes, address: Address, kind: type[_M], remedy: str) -> _M:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        problem = f"{where}: {first['msg']}" if where else first["msg"]
        raise InvalidInputError(
            f"{address}: must hold a {kind.__name__}, but does not ({problem}); {remedy}"
        ) from None

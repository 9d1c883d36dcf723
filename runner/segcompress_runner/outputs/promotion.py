"""A promoted model at a fixed address, whose manifest.json names the files of one model at a time.

    <to>/versions/<version>/<file>    files; a version is named after the manifest that published them
    <to>/manifest.json                names those of one version, and is replaced atomically

Files are never overwritten: a reader of a manifest finds what it names, whatever was promoted since. The
manifest is written last, on the condition that the previous one is unchanged. It is a MeasurementManifest, so
that everything that reads a run's result can read a promoted model.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from segcompress_api.status import timestamp
from segcompress_runner.errors import (
    InputNotFoundError,
    InvalidInputError,
    InvalidSettingError,
    PromotedMeanwhileError,
)
from segcompress_runner.outputs.manifests import (
    MANIFEST,
    ManifestFile,
    MeasurementManifest,
    Place,
    Promotion,
    Stored,
    create_manifest,
    exchange_manifest,
    read_tagged_manifest,
)
from segcompress_runner.outputs.published import Published
from segcompress_runner.outputs.verified import check_complete, fetch_verified
from segcompress_runner.storage import Address, Storage, safe_join

_VERSIONS = "versions"
_VERSION_LENGTH = 16
_REMEDY = "name another folder"


@dataclass(frozen=True)
class Attempt:
    """One promotion and its time; `work` is a temporary folder of its own."""

    name: str
    now: datetime
    work: Path


@dataclass(frozen=True)
class Promoted:
    """The manifest at the address now, and whether it was there before."""

    manifest: MeasurementManifest
    stored: Stored
    was_there: bool = False


@dataclass(frozen=True)
class _Before:
    """The promoted model that is to be replaced."""

    manifest: MeasurementManifest
    promotion: Promotion
    stored: Stored
    tag: str


def promote(storage: Storage, published: Published, to: Address, attempt: Attempt) -> Promoted:
    """Copy a published model and its manifest to the folder `to`, each file verified.

    Raises PromotedMeanwhileError if another model was promoted at the same time, and InvalidSettingError if
    `to` holds a run's own result.
    """
    before = _promoted(storage, to)
    if before is not None and before.promotion.source_sha256 == published.stored.sha256:
        return _again(storage, published, to, before, attempt.work)
    _copy(storage, published, to, attempt.work)
    manifest = _manifest(published, before, attempt)
    if before is None:
        stored = create_manifest(storage, to / MANIFEST, manifest)
    else:
        stored = exchange_manifest(storage, to / MANIFEST, manifest, before.tag)
    return Promoted(manifest, stored) if stored is not None else _winner(storage, to, manifest)


def _promoted(storage: Storage, to: Address) -> _Before | None:
    """Return the promoted model that is there."""
    found = read_tagged_manifest(storage, to / MANIFEST, MeasurementManifest, _REMEDY)
    if found is None:
        return None
    manifest, stored, tag = found
    if manifest.promotion is None:
        raise InvalidSettingError(
            f"TO: {stored.address} is the manifest of a run, which promotion would replace; {_REMEDY}"
        )
    return _Before(manifest, manifest.promotion, stored, tag)


def _again(storage: Storage, published: Published, to: Address, before: _Before, work: Path) -> Promoted:
    """Return the model that is already there; files that are missing or damaged are copied again.

    Each file is read in full: an object store reports no SHA-256.
    """
    try:
        fetch_verified(storage, _place(to, published), before.manifest.files, work / "there")
    except (InputNotFoundError, InvalidInputError):
        _copy(storage, published, to, work)
    return Promoted(before.manifest, before.stored, was_there=True)


def _copy(storage: Storage, published: Published, to: Address, work: Path) -> None:
    """Copy all files by way of this machine, where their digests are checked."""
    copies = _files(published)
    files = published.fetch_all(storage, work)
    storage.upload(to / _version(published), files, lambda _: None)
    check_complete(storage, _place(to, published), copies)


def _manifest(published: Published, before: _Before | None, attempt: Attempt) -> MeasurementManifest:
    promotion = Promotion(
        source=str(published.stored.address),
        source_sha256=published.stored.sha256,
        promoted=timestamp(attempt.now),
        attempt=attempt.name,
        replaced=None if before is None else before.stored.sha256,
    )
    return published.manifest.model_copy(update={"files": _files(published), "promotion": promotion})


def _winner(storage: Storage, to: Address, ours: MeasurementManifest) -> Promoted:
    """Return what is there now if it is the model that we promote; raise if it is another."""
    now = _promoted(storage, to)
    if now is None:
        raise PromotedMeanwhileError(
            f"{to / MANIFEST}: was removed while another model was promoted; promote again"
        )
    mine = ours.promotion
    if mine is not None and now.promotion.attempt == mine.attempt:  # an earlier request of ours arrived
        return Promoted(now.manifest, now.stored)
    if mine is not None and now.promotion.source_sha256 == mine.source_sha256:
        return Promoted(now.manifest, now.stored, was_there=True)
    raise PromotedMeanwhileError(
        f"{now.stored.address}: {now.promotion.source} was promoted at {now.promotion.promoted}, while this "
        "promotion was running, and was kept; compare the two, and promote again to replace it"
    )


def _files(published: Published) -> tuple[ManifestFile, ...]:
    """Return the files with their paths below the address; a path out of the folder is refused."""
    folder = Path(_version(published))
    return tuple(
        file.model_copy(update={"path": safe_join(folder, file.name).as_posix()})
        for file in published.manifest.files
    )


def _version(published: Published) -> str:
    return f"{_VERSIONS}/{published.stored.sha256[:_VERSION_LENGTH]}"


def _place(to: Address, published: Published) -> Place:
    return Place(to, published.manifest.attempt, flat=True)

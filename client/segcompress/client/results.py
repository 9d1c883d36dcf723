"""What a job published, fetched and verified.

The status has the digest of the manifest, and the manifest those of the files.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from segcompress.client.errors import NotReadyError, StorageError
from segcompress.client.outcomes import standing
from segcompress_api.job import SegCompressionJob
from segcompress_runner.errors import RunError, StorageUnreachableError
from segcompress_runner.outputs.file_names import (
    MNN,
    ONNX,
    OPENVINO,
    OPENVINO_WEIGHTS,
    PARAMS,
    PROGRAM,
    REPORT,
)
from segcompress_runner.outputs.manifests import ManifestFile, MeasurementManifest
from segcompress_runner.outputs.published import Published, find_published, result_address
from segcompress_runner.storage import Storage, safe_join
from segcompress_runner.storage.local import sha256_of

What = Literal["model", "report", "all"]
"""The model in every published format; only the report; or every file in the manifest."""

_MODEL = {PROGRAM, PARAMS, ONNX, OPENVINO, OPENVINO_WEIGHTS, MNN}


def fetch(job: SegCompressionJob, storage: Storage, what: What, into: Path) -> tuple[Path, ...]:
    """Download the files into a folder and return their paths; existing files with the same digest are kept.

    Raises NotReadyError where the job has published nothing, StorageError where something is missing, has
    other bytes than were published, or would replace a file of another content.
    """
    try:
        published = _published(job, storage)
        files = _chosen(published.manifest, what)
        missing = [file for file in files if not _is_there(file, into)]
        _bring(published, storage, missing, into)
        return tuple(safe_join(into, file.name) for file in files)
    except StorageUnreachableError:
        raise  # the remedy depends on where the endpoint comes from
    except RunError as error:
        raise StorageError(str(error)) from None
    except OSError as error:
        raise StorageError(f"{into}: {error.strerror or error}") from None


def _published(job: SegCompressionJob, storage: Storage) -> Published:
    artifacts = job.status.artifacts
    if artifacts is None:
        raise NotReadyError(f"{job.metadata.name} has published nothing yet: it is {standing(job)}")
    published = find_published(storage, result_address(artifacts.manifest.uri))
    if artifacts.manifest.sha256 not in (None, published.stored.sha256):
        raise StorageError(f"{published.stored.address}: does not match the SHA-256 in the job's status")
    return published


def _chosen(manifest: MeasurementManifest, what: What) -> Sequence[ManifestFile]:
    if what == "all":
        return manifest.files
    names = _MODEL if what == "model" else {REPORT}
    return [file for file in manifest.files if file.name in names]


def _is_there(file: ManifestFile, folder: Path) -> bool:
    path = safe_join(folder, file.name)
    if not path.exists():
        return False
    if path.is_file() and sha256_of(path) == file.sha256:
        return True
    raise StorageError(f"{path}: already exists with other content; name another folder")


def _bring(published: Published, storage: Storage, files: Sequence[ManifestFile], into: Path) -> None:
    """Verify all files before moving any into place."""
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".fetching-") as folder:
        fetched = published.fetch(storage, tuple(file.name for file in files), Path(folder))
        for file, path in zip(files, fetched, strict=True):
            target = safe_join(into, file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)

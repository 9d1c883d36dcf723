"""What a published measurement means to whoever started a run: its RunResult."""

from segcompress_api.conditions import Reason
from segcompress_api.contract import RunResult
from segcompress_api.status import Artifact, Artifacts
from segcompress_runner.outputs.file_names import MNN, ONNX, OPENVINO, PARAMS, REPORT
from segcompress_runner.outputs.manifests import ManifestFile, MeasurementManifest, Place, Stored

End = tuple[Reason, str]
"""How a run ended, and the sentence that says so."""


def run_result(manifest: MeasurementManifest, stored: Stored, place: Place, end: End) -> RunResult:
    """Return the result of a run that ended at this measurement."""
    reason, message = end
    return RunResult(
        reason=reason,
        message=message[:1024],
        metrics=manifest.metrics,
        notes=manifest.notes,
        artifacts=Artifacts(
            manifest=Artifact(uri=str(stored.address), sha256=stored.sha256, size_bytes=stored.size_bytes),
            model=_artifact(manifest.file(PARAMS), place, folder=True),
            onnx=_artifact(manifest.file(ONNX), place, folder=False),
            openvino=_artifact(manifest.file(OPENVINO), place, folder=False),
            mnn=_artifact(manifest.file(MNN), place, folder=False),
            report=_artifact(manifest.file(REPORT), place, folder=False),
        ),
    )


def as_measured(manifest: MeasurementManifest) -> End:
    """Return how the run ended that made the measurement."""
    return manifest.reason, manifest.message


def found_again(manifest: MeasurementManifest) -> End:
    """Return the end of a run that found its measurement published; one that missed a gate ends so again."""
    if not manifest.accepted:
        return as_measured(manifest)
    return Reason.REUSED, f"the same run was published on {manifest.published}: {manifest.message}"


def measured_again(manifest: MeasurementManifest, model_published: str) -> End:
    """Return the end of a run that measured weights which were published before."""
    if not manifest.accepted:
        return as_measured(manifest)
    return Reason.REUSED, (
        f"the model was published on {model_published}; measured on {manifest.processor}: {manifest.message}"
    )


def _artifact(file: ManifestFile | None, place: Place, *, folder: bool) -> Artifact | None:
    if file is None:
        return None
    address = str(place.folder / file.path)
    uri = address.rpartition("/")[0] + "/" if folder else address
    return Artifact(uri=uri, sha256=file.sha256, size_bytes=file.size_bytes)

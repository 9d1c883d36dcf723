"""What a run leaves behind, and the two moments at which it counts: weights first, then their figures.

`manifests` describes the layout. Weights that are published under a model key are never trained again, and
figures under a measurement key never measured again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from segcompress_api.conditions import GATE_REASONS, Reason
from segcompress_api.contract import RunResult
from segcompress_api.status import Metrics, timestamp
from segcompress_runner.errors import InputNotFoundError, InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.outputs.file_names import BASELINE, PARAMS, PROGRAM
from segcompress_runner.outputs.manifests import (
    MeasurementManifest,
    ModelManifest,
    Place,
    Stored,
    TrainingRecord,
    create_manifest,
    describe_files,
    read_manifest,
    replace_manifest,
)
from segcompress_runner.outputs.run_results import End, as_measured, found_again, measured_again, run_result
from segcompress_runner.outputs.verified import check_complete, fetch_verified
from segcompress_runner.provenance import RUNNER_VERSION
from segcompress_runner.run_key import RunKeys
from segcompress_runner.storage import Address, Storage
from segcompress_runner.storage.protocol import OnDone


def bucket_place(output: Address, model_key: str, attempt: str) -> Place:
    """Return the place of one attempt below output.uri."""
    return Place(output / model_key, attempt)


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


@dataclass(frozen=True)
class PublishedModel:
    """Published weights, their verified files on this machine, and whether this very run trained them."""

    manifest: ModelManifest
    files: ModelFiles
    trained_here: bool


@dataclass(frozen=True)
class Measurement:
    """A measured run that is ready to be published; files by the name that they are published under."""

    keys: RunKeys
    model: PublishedModel
    verdict: Verdict
    processor: str
    threads: int
    files: Mapping[str, Path]
    now: datetime


def reserve(storage: Storage, place: Place, started: datetime) -> None:
    """Show that results can be written where they will go: a missing right shows now, not in hours."""
    storage.reserve(place.files, f"started {timestamp(started)} by segcompress {RUNNER_VERSION}\n")


def find_measurement(storage: Storage, place: Place, keys: RunKeys) -> RunResult | None:
    """Return the result that is published under these keys, None where there is none.

    A run that missed a gate ends so again, with the same reason: it would be measured no better.
    """
    found = _read_measurement(storage, place, keys)
    if found is None:
        return None
    manifest, stored = found
    try:
        check_complete(storage, place, manifest.files)
    except (InputNotFoundError, InvalidInputError):
        if place.flat:  # a run that was killed left them there, and they are replaced
            return None
        raise
    return run_result(manifest, stored, place, found_again(manifest))


def find_model(storage: Storage, place: Place, model_key: str, into: Path) -> PublishedModel | None:
    """Fetch the weights that are published under `model_key` into `into`, None where there are none.

    Raises InvalidInputError where they are not what was published.
    """
    found = read_manifest(storage, place.model, ModelManifest, place.remedy)
    if found is None:
        return None
    manifest, _ = found
    _check_model_key(manifest.model_key, model_key, place)
    return _fetched(storage, place, manifest, into)


@dataclass(frozen=True)
class Trained:
    """Weights that are ready to be published."""

    model_key: str
    files: ModelFiles
    training: TrainingRecord
    now: datetime
    baseline: ModelFiles | None = None
    """The model that was compressed, where the run made it itself: it is nowhere else."""

    @property
    def published(self) -> dict[str, Path]:
        """Return the files by the name that they are published under."""
        files = {PROGRAM: self.files.program, PARAMS: self.files.params}
        if self.baseline is not None:
            files |= {
                f"{BASELINE}/{PROGRAM}": self.baseline.program,
                f"{BASELINE}/{PARAMS}": self.baseline.params,
            }
        return files


def publish_model(
    storage: Storage, place: Place, trained: Trained, into: Path, on_done: OnDone
) -> PublishedModel:
    """Publish weights; where another attempt was first, fetch its weights into `into` and return those.

    Looks before it uploads: in a flat place the upload would replace what the other attempt published.
    """
    first = find_model(storage, place, trained.model_key, into)
    if first is None:
        first = _created(storage, place, trained, on_done) or find_model(
            storage, place, trained.model_key, into
        )
    if first is None:
        raise _removed(place.model)
    # With our own name in it, an earlier request of ours arrived, and its answer was lost.
    return replace(first, trained_here=first.manifest.attempt == place.attempt)


def _created(storage: Storage, place: Place, trained: Trained, on_done: OnDone) -> PublishedModel | None:
    """Upload and name the weights; None where another attempt named its own in the meantime."""
    files = trained.published
    storage.upload(place.files, files, on_done)
    manifest = ModelManifest(
        model_key=trained.model_key,
        attempt=place.attempt,
        published=timestamp(trained.now),
        training=trained.training,
        files=describe_files(files, place.prefix),
    )
    if create_manifest(storage, place.model, manifest) is None:
        return None
    return PublishedModel(manifest, trained.files, trained_here=True)


def publish_measurement(storage: Storage, place: Place, measured: Measurement, on_done: OnDone) -> RunResult:
    """Publish figures; return the result of whichever attempt came first."""
    storage.upload(place.files, measured.files, on_done)
    manifest, address = _measurement_manifest(place, measured), place.measurement(measured.keys.measurement)
    if place.flat:
        stored: Stored | None = replace_manifest(storage, address, manifest)
    else:
        stored = create_manifest(storage, address, manifest)
    if stored is None:
        return _first_to_measure(storage, place, measured)
    return run_result(manifest, stored, place, _measured_now(manifest, measured.model))


def _first_to_measure(storage: Storage, place: Place, measured: Measurement) -> RunResult:
    found = _read_measurement(storage, place, measured.keys)
    if found is None:
        raise _removed(place.measurement(measured.keys.measurement))
    manifest, stored = found
    if manifest.attempt == place.attempt:  # here as well
        return run_result(manifest, stored, place, _measured_now(manifest, measured.model))
    return run_result(manifest, stored, place, found_again(manifest))


def _read_measurement(
    storage: Storage, place: Place, keys: RunKeys
) -> tuple[MeasurementManifest, Stored] | None:
    address = place.measurement(keys.measurement)
    found = read_manifest(storage, address, MeasurementManifest, place.remedy)
    if found is None:
        return None
    _check_model_key(found[0].model_key, keys.model, place)
    return found if found[0].measurement_key == keys.measurement else None


def _removed(address: Address) -> InputNotFoundError:
    return InputNotFoundError(f"{address} was removed while it was being published; run again")


def _measurement_manifest(place: Place, measured: Measurement) -> MeasurementManifest:
    verdict = measured.verdict
    return MeasurementManifest(
        model_key=measured.keys.model,
        measurement_key=measured.keys.measurement,
        attempt=place.attempt,
        published=timestamp(measured.now),
        processor=measured.processor,
        threads=measured.threads,
        accepted=verdict.accepted,
        reason=verdict.reason,
        message=verdict.message,
        metrics=verdict.metrics,
        notes=verdict.notes,
        files=(*measured.model.manifest.files, *describe_files(measured.files, place.prefix)),
    )


def _fetched(storage: Storage, place: Place, manifest: ModelManifest, into: Path) -> PublishedModel:
    """Bring the model's files here, each with the digest that its manifest names."""
    program, params = manifest.file(PROGRAM), manifest.file(PARAMS)
    if program is None or params is None:
        raise InvalidInputError(f"{place.model}: must name {PROGRAM} and {PARAMS}; {place.remedy}")
    files = fetch_verified(storage, place, (program, params), into)
    return PublishedModel(manifest, ModelFiles(*files), trained_here=False)


def _check_model_key(found: str, wanted: str, place: Place) -> None:
    if found != wanted:
        raise InvalidSettingError(
            f"{place.folder}: holds the model {found} already, and this run makes another ({wanted}), "
            "since its settings, inputs or software differ; name another folder, or remove that one"
        )


def _measured_now(manifest: MeasurementManifest, model: PublishedModel) -> End:
    if model.trained_here:
        return as_measured(manifest)
    return measured_again(manifest, model.manifest.published)

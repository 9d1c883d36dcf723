"""What `segcompress export` does: a model for phones, evaluated where the pictures are known.

A phone's kernels do not run here. The file for them is made; the same model, optimised for x86 by the same
Paddle-Lite, answers the validation pictures instead and is held against the saved model, as every export is.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from segcompress_api.act_settings import settings_of
from segcompress_api.job import JobSpec
from segcompress_runner.errors import InputNotFoundError, InvalidInputError, NotExportableError
from segcompress_runner.inputs.annotations.classes import class_list
from segcompress_runner.inputs.annotations.masks import with_masks
from segcompress_runner.inputs.checks import Manner
from segcompress_runner.inputs.fetch import Found, fetch_dataset, find_inputs
from segcompress_runner.inputs.lists import Lists, read_lists
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.inputs.paddle_start import start_paddle
from segcompress_runner.inputs.sources import JobModel
from segcompress_runner.measurement.gates import parity_gate
from segcompress_runner.measurement.judged import GateResult, Parity
from segcompress_runner.outputs.artefacts import BOUNDS
from segcompress_runner.outputs.file_names import PARAMS, PROGRAM, RESULT
from segcompress_runner.outputs.published import find_published
from segcompress_runner.outputs.report import described_inputs
from segcompress_runner.paddle_lite.conversion import LiteFile, convert
from segcompress_runner.paddle_lite.interpreter import Interpreter
from segcompress_runner.paddle_lite.session import LiteSession
from segcompress_runner.progress import Progress, Stage
from segcompress_runner.storage import Address, Named, Storage

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Means:
    """What an export works with; `work` is scratch space."""

    storage: Storage
    work: Path
    threads: int
    progress: Progress
    interpreter: Interpreter


@dataclass(frozen=True)
class PhoneFile:
    """The file, who made it, and how it was held against the saved model: None where no picture is known."""

    made: LiteFile
    sha256: str
    version: str
    pictures: int
    gate: GateResult | None


def export_paddle_lite(model: Address, to: Path, means: Means) -> PhoneFile:
    """Write the model for ARM to `to`; `model` is a published result, or a folder of an inference model.

    Raises RunError.
    """
    version = means.interpreter.version()
    means.progress.start(Stage.FETCH)
    files, result = _fetched(model, means)
    start_paddle(lambda: None)
    inspect_model(files)
    means.progress.start(Stage.EXPORT)
    try:
        made = convert(files, means.work / "model.nb", "arm", means.interpreter)
        pictures, gate = (0, None) if result is None else _held(files, result, means)
    except NotExportableError as error:
        raise InvalidInputError(f"{model}: cannot be exported to Paddle-Lite ({error})") from None
    content = made.path.read_bytes()
    means.storage.write(Address("file", "", str(to.resolve())), content)
    digest = hashlib.sha256(content).hexdigest()
    return PhoneFile(LiteFile(to, made.sparse, made.convolutions), digest, version, pictures, gate)


def _fetched(model: Address, means: Means) -> tuple[ModelFiles, Result | None]:
    """Return the model's files and the result that tells of them, None of a folder without a manifest."""
    into = means.work / "published"
    try:
        published = find_published(means.storage, model)
    except InputNotFoundError:
        stats = means.storage.stat(model, (Named(PROGRAM), Named(PARAMS)))
        folder = means.storage.fetch(model, stats, into, lambda _: None)
        return ModelFiles(folder / PROGRAM, folder / PARAMS), None
    program, params, result = published.fetch(means.storage, (PROGRAM, PARAMS, RESULT), into)
    return ModelFiles(program, params), json.loads(result.read_bytes())


def _held(files: ModelFiles, result: Result, means: Means) -> tuple[int, GateResult]:
    """Evaluate the model as saved and by Paddle-Lite; return the number of pictures, and the verdict."""
    from segcompress_runner.inputs.dataset import Pictures
    from segcompress_runner.measurement.agreement import Agreement, LabelMaps
    from segcompress_runner.measurement.evaluation import Options, evaluate
    from segcompress_runner.measurement.runtimes.paddle_inference import PaddleOptions, PaddleSession
    from segcompress_runner.measurement.runtimes.session import predictor

    spec = _spec(result)
    lists = _lists(spec, result, means)
    pictures = Pictures(lists.val, spec.dataset.val_transforms, mode="val")
    maps, agreement = LabelMaps(means.work / "saved.maps"), Agreement()

    def scored(session: Any, observer: Any) -> float:
        means.progress.start(Stage.EVALUATE, len(pictures))
        options = Options(workers=means.threads, observers=(observer,))
        return evaluate(predictor(session), pictures, spec.dataset, options, means.progress).miou

    saved = scored(PaddleSession(files, PaddleOptions(means.threads)), maps.keep)
    check = convert(files, means.work / "check.nb", "x86", means.interpreter)
    with LiteSession(check.path, means.interpreter) as session:
        miou = scored(session, maps.compare(agreement))
    settings = settings_of(spec.strategy, spec.model.files, "spec.strategy")
    bounds = BOUNDS["quantised" if settings.quantises else "float"]
    return len(pictures), parity_gate(Parity("Paddle-Lite", saved, miou, agreement.differing_share, bounds))


def _spec(result: Result) -> JobSpec:
    spec = dict(result["run"]["spec"])
    if "labelList" in spec["dataset"]:  # the run filled classNames from it, and a job gives one of the two
        spec["dataset"] = {name: value for name, value in spec["dataset"].items() if name != "classNames"}
    try:
        return JobSpec.model_validate(spec)
    except ValidationError as error:
        raise InvalidInputError(
            f"{RESULT}: this version of SegCompress does not know its spec ({error.errors()[0]['msg']}); "
            "run the job again"
        ) from None


def _lists(spec: JobSpec, result: Result, means: Means) -> Lists:
    """Bring a run's validation pictures here; raises InvalidInputError where they have changed."""
    found = find_inputs(spec, JobModel(spec, means.storage, means.work), means.storage)
    _check_same(found, result)
    classes = class_list(spec.dataset, found.lists)
    folder = fetch_dataset(found.for_measuring(), means.storage, means.work / "inputs", lambda _: None)
    lists = read_lists(folder, spec.dataset, means.work / "shards", training=False)
    return with_masks(lists, spec.dataset, classes, means.work / "masks", Manner(means.threads))


def _check_same(found: Found, result: Result) -> None:
    # A run whose weights were published already tells of the pictures that it measured on alone.
    now = [described_inputs(one.digests()) for one in (found, found.for_measuring())]
    then = result["run"]["inputs"]
    changed = [name for name in ("lists", "pictures") if then[name] not in [one[name] for one in now]]
    if changed:
        raise InvalidInputError(
            f"{found.dataset_folder}: {' and '.join(changed)} changed since the run, so that its "
            "model cannot be evaluated on the same pictures; run the job again"
        )

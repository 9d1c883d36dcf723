"""Reads a sweep and its trials from what `kubectl get -o json` prints."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from segcompress_api.job import KIND
from segcompress_api.naming import PARAMETERS_ANNOTATION, TRIAL_LABEL, trial_name
from segcompress_api.status import JobStatus
from segcompress_api.sweep import SWEEP_KIND, SweepSpec
from segcompress_api.sweep_status import SweepStatus
from segcompress_api.trials import Trial, end_state, figures_of, point_of
from segcompress_runner.errors import InputNotFoundError, InvalidInputError
from segcompress_runner.outputs.sweep.swept import Swept, SweptTrial

Object = Mapping[str, Any]

_M = TypeVar("_M", bound=BaseModel)
_ENDS = ("Succeeded", "Failed")
_REMEDY = "give it what `kubectl get scs,scj -o json` prints"


def read_sweep(text: str, origin: str, name: str, namespace: str | None = None) -> Swept:
    """Return the sweep `name` in `text`: JSON documents, one after another, of objects or lists of them.

    Raises InputNotFoundError where it is not there, and InvalidInputError where something cannot be read;
    both name `origin`.
    """
    objects = [*_objects(text, origin)]
    body = _chosen([one for one in objects if one.get("kind") == SWEEP_KIND], origin, name, namespace)
    meta = body["metadata"]
    jobs = (one for one in objects if one.get("kind") == KIND)
    trials = [trial for trial in (_trial(job, meta, origin) for job in jobs) if trial is not None]
    where = f"{origin}: {SWEEP_KIND} {name}"
    return Swept(
        name=name,
        namespace=str(meta.get("namespace", "")),
        uid=str(meta.get("uid", "")),
        spec=_parsed(SweepSpec, body.get("spec"), f"{where}: spec"),
        status=_parsed(SweepStatus, body.get("status") or {}, f"{where}: status"),
        trials=tuple(sorted(trials, key=lambda one: one.trial.index)),
    )


def _objects(text: str, origin: str) -> Iterator[Object]:
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        try:
            document, position = decoder.raw_decode(text, position)
        except ValueError as error:
            raise InvalidInputError(f"{origin}: must be JSON, but is not ({error}); {_REMEDY}") from None
        yield from _flattened(document, origin)


def _flattened(document: Any, origin: str) -> Iterator[Object]:
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise InvalidInputError(f"{origin}: must hold objects of Kubernetes, got a {kind}; {_REMEDY}")
    if str(document.get("kind", "")).endswith("List"):
        for item in document.get("items") or ():
            yield from _flattened(item, origin)
    elif isinstance(document.get("metadata"), dict):
        yield document


def _chosen(sweeps: list[Object], origin: str, name: str, namespace: str | None) -> Object:
    wanted = [
        one
        for one in sweeps
        if one["metadata"].get("name") == name and namespace in (None, one["metadata"].get("namespace"))
    ]
    if not wanted:
        known = ", ".join(sorted({str(one["metadata"].get("name")) for one in sweeps})) or "none"
        raise InputNotFoundError(f"{origin}: holds no {SWEEP_KIND} {name}; it holds: {known}")
    if len({one["metadata"].get("uid") for one in wanted}) > 1:
        raise InvalidInputError(f"{origin}: holds {name} in several namespaces; choose one by --namespace")
    return wanted[0]


def _trial(job: Object, sweep: Object, origin: str) -> SweptTrial | None:
    """Return a job as a trial, None if it is not a trial of this sweep.

    Anybody may write our labels and references onto a job of theirs: a trial is one by its name.
    """
    meta = job["metadata"]
    index, name = str((meta.get("labels") or {}).get(TRIAL_LABEL, "")), str(meta.get("name", ""))
    if not (index.isdecimal() and _belongs(meta, sweep)):
        return None
    if name != trial_name(str(sweep["name"]), str(sweep.get("uid", "")), int(index)):
        return None
    status = _parsed(JobStatus, job.get("status") or {}, f"{origin}: {KIND} {name}: status")
    point = point_of(str((meta.get("annotations") or {}).get(PARAMETERS_ANNOTATION, "{}")))
    if status.phase not in _ENDS:
        return SweptTrial(Trial(int(index), name, point, "Running"), status)
    reason = next((one.reason for one in status.conditions if one.type == "Finished"), "")
    figures = figures_of(status.metrics.to_wire()) if status.metrics else {}
    return SweptTrial(
        Trial(int(index), name, point, end_state(status.phase, reason), figures=figures), status
    )


def _belongs(meta: Object, sweep: Object) -> bool:
    if meta.get("namespace") != sweep.get("namespace"):
        return False
    owners = meta.get("ownerReferences") or ()
    return any(one.get("controller") and one.get("uid") == sweep.get("uid") for one in owners)


def _parsed(model: type[_M], value: Any, where: str) -> _M:
    try:
        return model.model_validate(value, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise InvalidInputError(
            f"{where}{'.' if path else ''}{path}: {first['msg']}; another version of SegCompress wrote it"
        ) from None

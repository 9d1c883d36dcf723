"""Reads a sweep and its trials from what `kubectl get -o json` prints."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from segcompress_api.base import Flag, Model
from segcompress_api.job import KIND, ObjectMeta
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
_INDEX_LIMIT = 9
REMEDY = "give it what `kubectl get scs,scj -o json` prints"
"""Where what is given is nothing of the kind."""


class _Owner(Model):
    """A reference to an owner, as far as it is read here."""

    model_config = ConfigDict(extra="ignore")

    uid: str = ""
    controller: Flag = False


class _Meta(ObjectMeta):
    """The metadata of a sweep or a job."""

    owner_references: tuple[_Owner, ...] = Field(default=())

    def is_controlled_by(self, sweep: "_Meta") -> bool:
        controlled = any(one.controller and one.uid == sweep.uid for one in self.owner_references)
        return controlled and self.namespace == sweep.namespace


@dataclass(frozen=True)
class _Object:
    """A sweep or a job, and where it was found."""

    meta: _Meta
    body: Object
    where: str


def read_sweep(text: str, origin: str, name: str, namespace: str | None = None) -> Swept:
    """Return the sweep `name` in `text`: JSON documents, one after another, of objects or lists of them.

    Raises InputNotFoundError where it is not there, and InvalidInputError where something cannot be read;
    both name `origin`.
    """
    objects = [*_objects(text, origin)]
    sweeps = [_object(one, origin) for one in objects if one.get("kind") == SWEEP_KIND]
    sweep = _chosen(sweeps, origin, name, namespace)
    jobs = (_object(one, origin) for one in objects if one.get("kind") == KIND)
    trials = [trial for trial in (_trial(job, sweep.meta) for job in jobs) if trial is not None]
    return Swept(
        name=name,
        namespace=sweep.meta.namespace,
        uid=sweep.meta.uid,
        spec=_parsed(SweepSpec, sweep.body.get("spec"), f"{sweep.where}: spec"),
        status=_parsed(SweepStatus, sweep.body.get("status") or {}, f"{sweep.where}: status"),
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
            raise InvalidInputError(f"{origin}: must be JSON, but is not ({error}); {REMEDY}") from None
        except RecursionError:
            raise InvalidInputError(f"{origin}: is nested too deep; {REMEDY}") from None
        yield from _flattened(document, origin)


def _flattened(document: Any, origin: str) -> Iterator[Object]:
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise InvalidInputError(f"{origin}: must hold objects of Kubernetes, got a {kind}; {REMEDY}")
    if not str(document.get("kind", "")).endswith("List"):
        yield document
        return
    items = document.get("items") or []
    if not isinstance(items, list):
        kind = type(items).__name__
        raise InvalidInputError(f"{origin}: items must be a list, got a {kind}; {REMEDY}")
    for item in items:
        yield from _flattened(item, origin)


def _object(body: Object, origin: str) -> _Object:
    kind = body["kind"]
    meta = _parsed(_Meta, body.get("metadata"), f"{origin}: {kind}: metadata")
    return _Object(meta, body, f"{origin}: {kind} {meta.name}")


def _chosen(sweeps: list[_Object], origin: str, name: str, namespace: str | None) -> _Object:
    wanted = [one for one in sweeps if one.meta.name == name and namespace in (None, one.meta.namespace)]
    if not wanted:
        known = ", ".join(sorted({one.meta.name for one in sweeps})) or "none"
        raise InputNotFoundError(f"{origin}: holds no {SWEEP_KIND} {name}; it holds: {known}")
    if len({one.meta.uid for one in wanted}) > 1:
        raise InvalidInputError(f"{origin}: holds {name} in several namespaces; choose one by --namespace")
    return wanted[0]


def _trial(job: _Object, sweep: _Meta) -> SweptTrial | None:
    """Return a job as a trial, None if it is not a trial of this sweep.

    Anybody may write our labels and references onto a job of theirs: a trial is one by its name.
    """
    meta = job.meta
    index = meta.labels.get(TRIAL_LABEL, "")
    if not (index.isdecimal() and len(index) <= _INDEX_LIMIT and meta.is_controlled_by(sweep)):
        return None
    number = int(index)
    if meta.name != trial_name(sweep.name, sweep.uid, number):
        return None
    status = _parsed(JobStatus, job.body.get("status") or {}, f"{job.where}: status")
    point = point_of(meta.annotations.get(PARAMETERS_ANNOTATION, "{}"))
    if status.phase not in _ENDS:
        return SweptTrial(Trial(number, meta.name, point, "Running"), status)
    reason = next((one.reason for one in status.conditions if one.type == "Finished"), "")
    figures = figures_of(status.metrics.to_wire()) if status.metrics else {}
    state = end_state(status.phase, reason)
    return SweptTrial(Trial(number, meta.name, point, state, figures=figures), status)


def _parsed(model: type[_M], value: Any, where: str) -> _M:
    try:
        return model.model_validate(value, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise InvalidInputError(
            f"{where}{'.' if path else ''}{path}: {first['msg']}; another version of SegCompress wrote it"
        ) from None

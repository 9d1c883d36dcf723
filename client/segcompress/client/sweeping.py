"""Builds a sweep in Python: a job, and values for some of its fields. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from segcompress_api.job import ObjectMeta, SegCompressionJob
from segcompress_api.parameters import Parameter, Range
from segcompress_api.sweep import (
    Algorithm,
    JobTemplate,
    Objective,
    SegCompressionSweep,
    SweepSpec,
    TemplateMeta,
)
from segcompress_api.sweep_status import MetricName

Goal = Literal["Maximize", "Minimize"]


def sweep_over(
    job: SegCompressionJob | Mapping[str, Any],
    parameters: Mapping[str, Sequence[Any] | Range],
    objectives: Mapping[MetricName, Goal],
    max_trials: int,
    **settings: Any,
) -> SegCompressionSweep:
    """Return a sweep with the name of `job` that searches over some fields of its spec.

    `parameters` maps a field's path, `strategy.UnstructurePrune.ratio`, to the values that it may have, or to
    the Range that they are in; a parameter is called as the last part of its path, or as the whole where two
    end alike. `settings` are further fields of SweepSpec, such as parallel_trials; `algorithm` is TPE where
    none is given. Raises pydantic's ValidationError, and TypeError where a string stands for the values.
    """
    if not isinstance(job, SegCompressionJob):
        job = SegCompressionJob.model_validate(job, by_alias=True, by_name=False)
    spec = SweepSpec(
        template=JobTemplate(metadata=TemplateMeta(labels=job.metadata.labels), spec=job.spec),
        parameters=tuple(_parameter(path, parameters) for path in parameters),
        objectives=tuple(Objective(metric=metric, goal=goal) for metric, goal in objectives.items()),
        max_trials=max_trials,
        **({"algorithm": Algorithm(name="TPE")} | settings),
    )
    meta = ObjectMeta(name=job.metadata.name, **_namespace(job))
    return SegCompressionSweep(metadata=meta, spec=spec)


def _namespace(job: SegCompressionJob) -> dict[str, str]:
    return {"namespace": job.metadata.namespace} if job.metadata.namespace else {}


def _parameter(path: str, parameters: Mapping[str, Sequence[Any] | Range]) -> Parameter:
    last = path.rpartition(".")[2]
    is_alone = sum(other.rpartition(".")[2] == last for other in parameters) == 1
    name = last if is_alone else path.replace(".", "_")
    allowed = parameters[path]
    if isinstance(allowed, Range):
        return Parameter(name=name, path=path, range=allowed)
    if isinstance(allowed, str):  # a sequence too, of characters
        raise TypeError(f"{path}: must be a list of values or a Range, got {allowed!r}")
    return Parameter(name=name, path=path, values=tuple(_spelt(value) for value in allowed))


def _spelt(value: object) -> str:
    """Return a value as a sweep writes it: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)

"""Checks of a spec that the CRD's schema cannot make, before anything is created.

What needs the graph or the pictures is checked by the runner and ends with exit code 3.
"""

import json
from collections.abc import Mapping
from functools import lru_cache

from pydantic import ValidationError

from segcompress_api.act_settings import settings_of
from segcompress_api.cluster_rules import cluster_faults
from segcompress_api.errors import InvalidSpecError, invalid_spec
from segcompress_api.job import SPEC_LIMIT, JobSpec
from segcompress_api.pod_rules import pod_faults
from segcompress_api.strategy import SECTION_SPELLINGS
from segcompress_operator.planning.allowed import check_allowed
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.parsing import deepest_part, depth, largest_part
from segcompress_operator.settings import RunnerSettings

_DEEPEST = 64
"""Far more than any setting needs. pydantic's parser takes 200, and a RunConfig holds the spec one deeper."""

_COMPRESSIONS = (
    "UnstructurePrune",
    "ChannelPrune",
    "ASPPrune",
    "QuantAware",
    "Quantization",
    "QuantPost",
)


def parse_spec(resource: Resource) -> JobSpec:
    """Return the spec; raises InvalidSpecError naming the field."""
    if resource.oversized:
        raise _too_large(resource.oversized)
    return _parsed(resource.spec)


@lru_cache(maxsize=128)
def _parsed(text: bytes) -> JobSpec:
    """Return the spec in JSON: a run asks for it when it starts, when its pod does, and at its end."""
    check_depth(text)
    try:
        return JobSpec.model_validate_json(text, by_name=False)
    except ValidationError as error:
        raise invalid_spec(error, JobSpec, "spec") from None


def _too_large(part: str) -> InvalidSpecError:
    """Return the error of a spec that is too large; `part` holds most of it."""
    return InvalidSpecError(
        "spec",
        f"must be at most {SPEC_LIMIT} bytes as JSON; most of it is {part}",
        "sections of a strategy may be a file of their own, named by spec.strategy.configUri",
    )


def check_depth(spec: bytes) -> None:
    """Raise InvalidSpecError naming the part of a spec in JSON that is nested too deep."""
    brackets = spec.count(b"[") + spec.count(b"{")  # of texts, too: never less than the depth
    if brackets > _DEEPEST and depth(spec) > _DEEPEST:
        problem = f"must be nested at most {_DEEPEST} levels deep"
        raise InvalidSpecError(deepest_part(json.loads(spec)), problem)


def strategy_name(text: bytes) -> str | None:
    """Return the compression sections that a spec in JSON names, in their current spelling, or configUri."""
    strategy = json.loads(text or b"{}").get("strategy")
    given = strategy if isinstance(strategy, dict) else {}
    named = [SECTION_SPELLINGS.get(name, name) for name in _COMPRESSIONS if given.get(name) is not None]
    return "+".join(dict.fromkeys(named)) or next(
        (str(value) for value in (given.get("preset"), given.get("configUri") and "configUri") if value), None
    )


def check_spec(spec: JobSpec, labels: Mapping[str, str], settings: RunnerSettings) -> None:
    """Raise InvalidSpecError naming the field; `labels` are those of the resource."""
    if len(spec.model_dump_json(by_alias=True, exclude_none=True).encode()) > SPEC_LIMIT:
        raise _too_large(largest_part(spec.to_wire()))
    for fault in cluster_faults(spec):
        raise fault
    check_allowed(spec.runtime, labels, settings)
    for fault in pod_faults(spec.runtime):
        raise fault
    notes_on(spec)


def notes_on(spec: JobSpec) -> tuple[str, ...]:
    """Return sentences on settings of the strategy without effect; raises InvalidSpecError.

    Sections of a configUri are read by the runner, which has the bucket, and a preset's are chosen there.
    """
    if spec.strategy.config_uri is not None or spec.strategy.preset is not None:
        return ()
    return settings_of(spec.strategy, spec.model.files).notes

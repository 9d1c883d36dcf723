"""The observed state of a sweep, parsed from the API server's object."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from segcompress_api.trials import Trial
from segcompress_operator.kinds import SWEEPS, Ref
from segcompress_operator.planning.observed import Owning, Resource
from segcompress_operator.planning.parsing import EPOCH, Body, condition_of, largest_part, parse_time, to_json
from segcompress_operator.planning.plan import Refusal
from segcompress_operator.planning.sweeps.history import Memo
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND
from segcompress_operator.resources.names import Owner

SPEC_LIMIT = 64 * 1024
"""Maximum size of a sweep's spec as JSON, in bytes: the spec of a job, and the parameters."""


@dataclass(frozen=True, slots=True)
class Sweep(Owning):
    """A SegCompressionSweep; `spec` and `status` are JSON. The spec of a settled one is not kept."""

    owner: Owner
    generation: int
    resource_version: str = field(compare=False)
    created: datetime
    deleting: bool
    finished: bool
    settled: bool
    spec: bytes
    stops_early: bool
    """Whether the evaluations of its trials matter to it."""
    oversized: str
    """Which part of the spec makes it too large to be kept, "" if it is not too large."""
    status: bytes

    @property
    def ref(self) -> Ref:
        """Its key."""
        return Ref(SWEEPS, self.owner.namespace, self.owner.name)

    @property
    def owner_uid(self) -> str:
        """Nothing: it has no controller."""
        return ""


@dataclass(frozen=True, slots=True)
class SweepObserved:
    """The jobs whose controller is the sweep, and why another one cannot be created.

    `memo` changes no decision: it spares a round from reading every trial again.
    """

    children: tuple[Resource, ...] = ()
    refusal: Refusal | None = None
    known: tuple[Trial, ...] | None = None
    """The known trials, None if they were not read yet."""
    conflict: str = ""
    """Name of a job that has a trial's name and another owner."""
    in_flight: int = 0
    """How many trials ran when the last round was planned, plus those that it created."""
    more: int = MORE_A_ROUND
    """By how many that number may grow now."""
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """Why the `suspend` of trials was not changed, by their names."""
    memo: Memo = field(default_factory=Memo, compare=False)


def parse_sweep(body: Body) -> Sweep:
    """Return the facts of a SegCompressionSweep that are kept."""
    meta, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    generation = int(meta.get("generation", 0))
    finished = condition_of(status, "Finished") is not None
    settled = finished and status.get("observedGeneration") == generation
    text = b"" if settled else to_json(spec)
    oversized = largest_part(spec) if len(text) > SPEC_LIMIT else ""
    return Sweep(
        owner=Owner(sys.intern(meta.get("namespace", "")), meta["name"], sys.intern(meta["uid"])),
        generation=generation,
        resource_version=str(meta.get("resourceVersion", "")),
        created=parse_time(meta.get("creationTimestamp")) or EPOCH,
        deleting=bool(meta.get("deletionTimestamp")),
        finished=finished,
        settled=settled,
        spec=b"" if oversized else text,
        stops_early=not finished and spec.get("earlyStopping") is not None,
        oversized=oversized,
        status=to_json(status),
    )

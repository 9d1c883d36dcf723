"""What the operator sees of a sweep, made from the API server's object where it comes in."""

import sys
from dataclasses import dataclass, field
from datetime import datetime

from segcompress_api.trials import Trial
from segcompress_operator.kinds import SWEEPS, Ref
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.parsing import EPOCH, Body, condition_of, largest_part, parse_time, to_json
from segcompress_operator.planning.plan import Refusal
from segcompress_operator.resources.names import Owner

SPEC_LIMIT = 64 * 1024
"""Bytes of a sweep's spec as JSON: that of a job, and what its parameters may be."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A SegCompressionSweep; `spec` and `status` are JSON. Of a settled one, the spec is not kept."""

    owner: Owner
    generation: int
    resource_version: str = field(compare=False)
    created: datetime
    deleting: bool
    finished: bool
    settled: bool
    spec: bytes
    oversized: str
    """Which part of the spec makes it too large to be kept, "" where it is not."""
    status: bytes

    @property
    def ref(self) -> Ref:
        """Its key."""
        return Ref(SWEEPS, self.owner.namespace, self.owner.name)

    @property
    def uid(self) -> str:
        """Its identity."""
        return self.owner.uid

    @property
    def namespace(self) -> str:
        """Where it lives."""
        return self.owner.namespace

    @property
    def owner_uid(self) -> str:
        """Nothing: it has no controller."""
        return ""


@dataclass(frozen=True, slots=True)
class SweepObserved:
    """The jobs that name the sweep as their controller, and why another one cannot be made."""

    children: tuple[Resource, ...] = ()
    refusal: Refusal | None = None
    known: tuple[Trial, ...] | None = None
    """What the sweep's `knownTrials` name, None where that was not read yet."""
    conflict: str = ""
    """Name of a job that has a trial's name and another owner."""


def parse_sweep(body: Body) -> Sweep:
    """Return what we keep of a SegCompressionSweep."""
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
        oversized=oversized,
        status=to_json(status),
    )

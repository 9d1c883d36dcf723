"""What happened in one run: every version of every object, and every request and event that passed the proxy.

The versions come from the harness's own watch, which no fault touches.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from faults.fault import Point

Body = Mapping[str, Any]

RESOURCES, JOBS, PODS, LEASES = "segcompressionjobs", "jobs", "pods", "leases"


@dataclass(frozen=True)
class Version:
    """An object as the API server stored it; `type` is ADDED, MODIFIED or DELETED."""

    plural: str
    type: str
    body: Body

    @property
    def uid(self) -> str:
        """Identity of the object."""
        return str(self.body["metadata"]["uid"])

    @property
    def number(self) -> int:
        """Its resourceVersion; those of all kinds are numbers of one sequence."""
        return int(self.body["metadata"]["resourceVersion"])

    @property
    def is_deleted(self) -> bool:
        """Whether somebody has deleted the object."""
        return self.type == "DELETED" or "deletionTimestamp" in self.body["metadata"]


@dataclass(frozen=True)
class Request:
    """A request of the operator; `sent` and `answered` are (body or None) what it sent and got.

    `code` is what the API server answered, 0 where it never saw the request; `lost` says that the operator
    was not told.
    """

    at: float
    verb: str
    target: str
    """Plural and subresource, as in "jobs" or "segcompressionjobs/status"."""
    code: int = 0
    sent: Body | None = None
    answered: Body | None = None
    lost: bool = False

    @property
    def is_write(self) -> bool:
        """Whether it changes anything."""
        return self.verb not in ("get", "list", "watch")


@dataclass(frozen=True)
class Told:
    """An event of a watch that the operator was sent."""

    at: float
    version: Version


@dataclass
class History:
    """One run."""

    versions: list[Version] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    log: str = ""
    """What the operator logged."""

    operator_ended: bool = False
    """Whether a process of the operator ended by itself."""

    rivals: bool = False
    """Whether two operators acted at the same time."""

    proxy_errors: list[str] = field(default_factory=list)
    """Bugs of the proxy: a run that has any tells nothing."""

    def of(self, plural: str) -> Iterator[Version]:
        """Return the versions of one kind, oldest first."""
        return (version for version in self.versions if version.plural == plural)

    def points(self) -> list[Point]:
        """Return every write and every event of the run."""
        writes = Counter(f"{each.verb} {each.target}" for each in self.requests if each.is_write)
        events = Counter(each.version.plural for each in self.told)
        found = [*writes.items(), *events.items()]
        return [Point(what, number) for what, total in found for number in range(1, total + 1)]

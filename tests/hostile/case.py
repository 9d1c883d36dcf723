"""What a hostile resource asks for, and what must become of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Refused:
    """The API server refuses the resource; its answer names the field."""

    field: str


@dataclass(frozen=True)
class Fails:
    """The run ends in InvalidSpec before any Job is made; the condition's message holds the words."""

    words: str


@dataclass(frozen=True)
class Harmless:
    """The Job is that of an innocent resource, but for what lies below `where`."""

    where: tuple[str, ...] = ()


End = Refused | Fails | Harmless


@dataclass(frozen=True)
class Case:
    """The sample resource with values at dotted paths changed; `json` has values that no object can hold.

    Without `strict` the client asks for no field validation, and unknown fields are dropped.
    """

    name: str
    changes: Mapping[str, Any]
    end: End
    strict: bool = True
    json: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Theme:
    """Cases of one kind; `what` says what they have in common."""

    title: str
    what: str
    cases: tuple[Case, ...]

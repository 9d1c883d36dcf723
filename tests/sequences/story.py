"""Stories of one resource, drawn from the CRD's own schema: what its user does with it, step after step.

hypothesis draws them (docs/decisions/0043): its values come from `unit.api.specs`, which knows the rules of
the schema, and each story changes one field at its creation, and again where it lives.
"""

import copy
import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from hypothesis import strategies as st

from unit.api.changes import changed_at
from unit.api.specs import COMPRESSIONS, SOURCES, Spec, obey_rules, places
from unit.api.values import SCHEMA, full

PATHS = tuple(place.path for place in places(full(SCHEMA))[1:])
"""Every field of a spec, by its path; a list's items by one of them."""

Verb = Literal[
    "create", "create anew", "update", "suspend", "resume", "edit ttl", "label", "delete", "make again"
]


@dataclass(frozen=True)
class Step:
    """One request of the user; `spec` where it sends one, `path` where that has one field changed."""

    verb: Verb
    spec: Any = None
    path: str = ""
    change: str = ""


@cache
def ways_to(path: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return what compresses, and where the model comes from, in specs that have a place for `path`."""
    ways = itertools.product(COMPRESSIONS, SOURCES)
    return tuple(way for way in ways if any(place.path == path for place in places(_of(way))))


def _of(way: tuple[tuple[str, ...], str]) -> Spec:
    spec: Spec = full(SCHEMA)
    obey_rules(spec, *way)
    spec["suspend"] = False
    return spec


@st.composite
def stories(draw: st.DrawFn, path: str) -> list[Step]:
    """Return a story in which the field at `path` changes twice."""
    right = _of(draw(st.sampled_from(ways_to(path))))
    return [
        _changed(draw, "create", right, path),
        Step("create anew", right),
        *draw(st.lists(st.sampled_from(_ALIVE), max_size=2)),
        _changed(draw, "update", right, path),
        *draw(st.lists(st.sampled_from(_LATER), max_size=3)),
    ]


def _changed(draw: st.DrawFn, verb: Verb, right: Spec, path: str) -> Step:
    spec = copy.deepcopy(right)
    place = next(each for each in places(spec) if each.path == path)
    return Step(verb, spec, path, changed_at(draw, spec, place).change)


_ALIVE = (Step("suspend"), Step("resume"), Step("edit ttl"), Step("label"))
_LATER = (*_ALIVE, Step("delete"), Step("make again"))

"""Specs with one place changed, most often to something that must be refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from unit.api.specs import COMPRESSIONS, SOURCES, Place, Spec, obey_rules, places
from unit.api.values import SCHEMA, Schema, Values, full, right


@dataclass(frozen=True)
class Sample:
    """A spec, which place of it was changed, and how."""

    spec: Any
    path: str
    change: str


@st.composite
def changed_specs(draw: st.DrawFn) -> Sample:
    """Return specs with one place changed, most often to something that must be refused."""
    spec: Spec = full(SCHEMA)
    obey_rules(spec, draw(st.sampled_from(COMPRESSIONS)), draw(st.sampled_from(SOURCES)))
    return changed_at(draw, spec, draw(st.sampled_from(places(spec)[1:])))


def changed_at(draw: st.DrawFn, spec: Spec, place: Place) -> Sample:
    """Change a place of the spec, most often to something that must be refused."""
    change = draw(st.sampled_from([_remove, _add_key, *(4 * [_replace])]))
    return Sample(spec, place.path, change(draw, place))


def _remove(_: st.DrawFn, place: Place) -> str:
    if isinstance(place.holder, list):
        place.holder.clear()
    else:
        place.holder.pop(place.key, None)
    return "removed"


def _add_key(draw: st.DrawFn, place: Place) -> str:
    if not isinstance(place.value, dict) or "properties" not in place.schema:
        return _replace(draw, place)
    spelled = sorted({_snake(name) for name in place.schema["properties"]} - set(place.schema["properties"]))
    place.value[draw(st.sampled_from(["unknown", *spelled]))] = 1
    return "a key added"


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name).removeprefix("_")


def _replace(draw: st.DrawFn, place: Place) -> str:
    what, values = draw(st.sampled_from(list(_near(place.schema))))
    place.holder[place.key] = draw(values)
    return what


_OF_TYPES: dict[str, Values] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.sampled_from([0, 1, -1, 8, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 10**30]),
    "number": st.sampled_from([0.5, 1.0, -0.0, 8.0, 1e300, 5e-324]),
    "string": st.sampled_from(["", "1", "0.5", "true", "null", "\n", "8"]),
    "array": st.sampled_from([[], [1], [None], ["a", "a"]]),
    "object": st.sampled_from([{}, {"unknown": 1}]),
}
_AT_AN_END = st.sampled_from(["\n", " ", "/", "..", "-", "A", "é", "\x00"])


def _near(schema: Schema) -> Iterator[tuple[str, Values]]:
    """Yield values of each type, and those at the bounds of the right ones and just beyond."""
    for name, values in _OF_TYPES.items():
        yield f"{name} for {schema.get('type', 'anything')}", values
    for bound in {"minimum", "maximum"} & schema.keys():
        edge = schema[bound]
        yield bound, st.sampled_from([edge - 1, edge, edge + 1])
    if "maxLength" in schema:
        most = schema["maxLength"]
        yield "length", st.sampled_from([letter * length for letter in "aé" for length in (most, most + 1)])
    if "pattern" in schema:
        yield (
            "pattern",
            st.tuples(right(schema), _AT_AN_END).flatmap(lambda ends: st.permutations(ends).map("".join)),
        )
    if "enum" in schema:
        yield "enum", st.sampled_from([str(schema["enum"][0]).swapcase(), f"{schema['enum'][0]} "])
    if schema.get("type") == "array":
        yield "items", _lists(schema)
    if "additionalProperties" in schema:
        most = schema["maxProperties"]
        counts = st.sampled_from([most, most + 1])
        yield "properties", st.tuples(right(schema["additionalProperties"]), counts).map(_mapping)


def _mapping(drawn: tuple[Any, int]) -> dict[str, Any]:
    value, count = drawn
    return {f"k{n}": value for n in range(count)}


def _lists(schema: Schema) -> Values:
    most = schema.get("maxItems", 8)
    lengths = st.sampled_from([0, 1, 2, most, most + 1])
    return st.tuples(right(schema["items"]), lengths).map(lambda drawn: [drawn[0]] * drawn[1])

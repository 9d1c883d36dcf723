"""A megabyte of text at every place that takes text, and in names, labels and annotations."""

from collections.abc import Iterator
from typing import Any

from hostile.case import Case, End, Fails, Harmless, Refused, Theme
from unit.api.specs import places
from unit.api.values import SCHEMA, full, is_free_form

MEGABYTE = "x" * 2**20
_ANNOTATIONS = 256 * 1024
"""Bytes that Kubernetes takes of all of an object's annotations."""


def _nested(path: str) -> tuple[str, Any, str]:
    """Return a field, its value with the text at `path` below it, and how the API server spells the path."""
    outer, *inner = path.split("[]")
    value: Any = MEGABYTE
    for part in reversed(inner):
        value = [{part.removeprefix("."): value}] if part else [value]
    return outer, value, path.replace("[]", "[0]")


def _texts() -> Iterator[Case]:
    for place in places(full(SCHEMA)):
        text = place.schema.get("type") == "string" and "enum" not in place.schema
        if text or is_free_form(place.schema):
            path, value, field = _nested(place.path)
            yield Case(f"a megabyte in {place.path}", {path: value}, Refused(field))


_ELSEWHERE: dict[str, tuple[Any, End]] = {
    "metadata.name": (MEGABYTE, Refused("metadata.name")),
    "metadata.labels": ({"team": MEGABYTE}, Refused("metadata.labels")),
    "metadata.annotations": ({"note": MEGABYTE}, Refused("metadata.annotations")),
    "metadata.finalizers": ([f"segcompress.dev/{MEGABYTE}"], Refused("metadata.finalizers")),
    "spec.runtime.nodeSelector": ({MEGABYTE: "x"}, Fails("spec.runtime.nodeSelector")),
    "spec.runtime.resources.limits": ({MEGABYTE: "1"}, Fails("spec.runtime.resources.limits")),
    "spec.dataset.trainTransforms": (
        [{"type": "Resize", "target_size": MEGABYTE}],
        Fails("spec.dataset.trainTransforms"),
    ),
    "spec.strategy.TrainConfig.optimizer_builder": (
        {"optimizer": {"type": MEGABYTE}},
        Fails("spec.strategy.TrainConfig.optimizer_builder.optimizer"),
    ),
}
_AT_THE_LIMIT = {"metadata.annotations": {"note": "x" * (_ANNOTATIONS - 4)}}

THEME = Theme(
    "Megabyte strings",
    "a megabyte at every place of the schema that takes text, and in names, labels and annotations",
    (
        *_texts(),
        *(
            Case(f"a megabyte in {path}, elsewhere", {path: value}, end)
            for path, (value, end) in _ELSEWHERE.items()
        ),
        Case("annotations of the largest size", _AT_THE_LIMIT, Harmless()),
    ),
)

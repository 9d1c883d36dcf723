"""Fields of a SegCompressionJob's spec by their dotted path, as a sweep names them."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from segcompress_api.errors import InvalidSpecError, nearest
from segcompress_api.job import JobSpec

FieldKind = Literal["Text", "Whole", "Json"]
"""What a field holds: a string, a whole number, or anything else that JSON can spell."""

UNSWEPT_FIELDS = {
    "suspend": "the sweep's own suspend suspends its trials",
    "ttlSecondsAfterFinished": "it changes no figure; set it in template.spec",
}


class _Place(NamedTuple):
    """What lies at a path: the model there, if there is one, and what its field holds."""

    annotation: Any
    free: bool = False


def kind_at(path: str, field: str) -> FieldKind:
    """Return what the field at `path` holds; raises InvalidSpecError on `field` where there is none.

    What lies below a leaf that upstream leaves free is not known here: the spec's own checks see to it.
    """
    first = path.partition(".")[0]
    if first in UNSWEPT_FIELDS:
        raise InvalidSpecError(field, f"{first} cannot be swept", UNSWEPT_FIELDS[first])
    place: _Place | None = _Place(JobSpec)
    for part in path.split("."):
        place = _below(place, part)
        if place is None:
            raise _unknown(path, field)
    return "Json" if place is None or place.free else _kind(place.annotation)


def _below(place: _Place | None, part: str) -> _Place | None:
    """Return what lies at the key `part`, None where nothing can."""
    if place is None or place.free:
        return place
    annotation = place.annotation
    if get_origin(annotation) is dict:
        return _Place(_bare(get_args(annotation)[1]))
    if not _is_model(annotation):
        return None
    return next((_place_of(info) for key, info in _fields(annotation) if key == part), None)


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    return ((info.alias or name, info) for name, info in model.model_fields.items())


def _place_of(info: FieldInfo) -> _Place:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return _Place(_bare(info.annotation), free="x-kubernetes-preserve-unknown-fields" in extra)


def _bare(annotation: Any) -> Any:
    """Return X of `X | None` and of `Annotated[X, …]`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    options = [option for option in get_args(annotation) if option is not type(None)]
    is_optional = type(None) in get_args(annotation)
    return _bare(options[0]) if is_optional and len(options) == 1 else annotation


def _kind(annotation: Any) -> FieldKind:
    if annotation is str or (get_origin(annotation) is Literal and isinstance(get_args(annotation)[0], str)):
        return "Text"
    return "Whole" if annotation is int else "Json"


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _unknown(path: str, field: str) -> InvalidSpecError:
    match = nearest(path, _paths())
    remedy = f"did you mean {match}?" if match else f"known are: {', '.join(_top_level())}"
    return InvalidSpecError(field, f"{path} is not a field of a SegCompressionJob's spec", remedy)


def _top_level() -> list[str]:
    return [key for key, _ in _fields(JobSpec) if key not in UNSWEPT_FIELDS]


@cache
def _paths() -> tuple[str, ...]:
    """Return every path that can be told without a spec."""
    return tuple(path for path in _walk(JobSpec, "") if path not in UNSWEPT_FIELDS)


def _walk(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for key, info in _fields(model):
        path = f"{prefix}{key}"
        yield path
        inner = _bare(info.annotation)
        if _is_model(inner):
            yield from _walk(inner, f"{path}.")

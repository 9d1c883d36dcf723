"""One sentence for a wrong spec: the field, what is wrong, what would be right."""

import difflib
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_MESSAGE_LIMIT = 1000
"""Characters of one sentence: it must fit a RunResult and a condition."""

_VALUE_LIMIT = 80

_PLAIN = {
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "tuple_type": "must be a list",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} item(s)",
}
"""Instead of pydantic's words, which are those of Python, by the type of its complaint."""

_BARE = {
    "int_type": re.compile(r"-?[0-9]+"),
    "float_type": re.compile(r"-?[0-9]+([.][0-9]+)?"),
    "bool_type": re.compile(r"true|false"),
}
"""Texts that are right without their quotes, by the type of the complaint about them."""

_REFUSED = {
    "TransformerPrune": (
        "is not supported: upstream ranks attention heads by a loss on labels, and this training has none",
        "use UnstructurePrune or ASPPrune, which prune the matrices of a transformer too",
    ),
    "HyperParameterOptimization": (
        "searches over many settings, and a job has one value for each",
        "use a SegCompressionSweep over fields of QuantPost (algo, hist_percent, batch_nums)",
    ),
    "MultiTeacherDistillation": (
        "is not supported: the teacher is the job's own model, whose accuracy the gates compare with",
        "use Distillation",
    ),
    "managedBy": (
        "is not supported: the operator reads how pods end, and MultiKueue runs them in another cluster",
        "create the resource in the cluster that is to run it",
    ),
}
"""Upstream's sections, and a Job's field, that are not fields here, each with the reason and the remedy."""


class InvalidSpecError(ValueError):
    """A spec that retrying cannot fix.

    `field` is the dotted path as a user writes it (`spec.strategy.UnstructurePrune.ratio`), `problem` says
    what is wrong and `remedy`, where there is one, what would be right. Its text is one line, whatever a user
    put into keys and values.
    """

    others: tuple["InvalidSpecError", ...] = ()
    """What else is wrong with the same spec, where more was found."""

    def __init__(self, field: str, problem: str, remedy: str = "") -> None:
        self.field = field
        self.problem = problem
        self.remedy = remedy
        super().__init__(one_line(f"{field}: {problem}" + (f"; {remedy}" if remedy else "")))


def shown(value: object) -> str:
    """Return a value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]}…"


def printable(text: str) -> str:
    """Return text with a space for each character that a terminal would obey instead of showing it."""
    return "".join(char if char.isprintable() else " " for char in text)


def one_line(text: str) -> str:
    """Return text as one line of printable characters, cut where it is long."""
    line = " ".join(printable(text).split())
    return line if len(line) <= _MESSAGE_LIMIT else f"{line[: _MESSAGE_LIMIT - 1]}…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that ends with `.name` or is most like it, None where none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    longer = [candidate for lower, candidate in by_lower.items() if lower.endswith(f".{name.lower()}")]
    if len(longer) == 1:
        return longer[0]
    matches = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def invalid_spec(error: ValidationError, root: type[BaseModel], prefix: str = "") -> InvalidSpecError:
    """Turn pydantic's first complaint into one sentence, and the others into its `others`.

    Unknown keys come first, each with the nearest right one: a misspelt key that is required is missing as
    well, and the misspelling is what the user has to fix.
    """
    complaints = error.errors(include_url=False)
    complaints = sorted(complaints, key=lambda each: each["type"] != "extra_forbidden")
    meant = {_meant(each, root) for each in complaints if each["type"] == "extra_forbidden"}
    first, *others = (each for each in complaints if not _follows(each, complaints, meant))
    sentence = _sentence(first, root, prefix)
    sentence.others = tuple(_sentence(each, root, prefix) for each in others)
    return sentence


def _follows(
    complaint: ErrorDetails, all_of_them: list[ErrorDetails], meant: set[tuple[int | str, ...]]
) -> bool:
    """Return whether a complaint goes away with another: pydantic does not count wrong items of a list."""
    place = complaint["loc"]
    if complaint["type"] == "missing":
        return place in meant
    below = (each["loc"] for each in all_of_them if len(each["loc"]) > len(place))
    return complaint["type"] == "too_short" and any(loc[: len(place)] == place for loc in below)


def _meant(unknown: ErrorDetails, root: type[BaseModel]) -> tuple[int | str, ...]:
    """Return the place of the key that an unknown one probably is."""
    *parents, name = unknown["loc"]
    return (*parents, nearest(str(name), _keys_at(root, [str(part) for part in parents])) or "")


def _sentence(complaint: ErrorDetails, root: type[BaseModel], prefix: str) -> InvalidSpecError:
    path = [str(part) for part in complaint["loc"]]
    field = _dotted(prefix, complaint["loc"]) or "spec"
    if complaint["type"] == "extra_forbidden":
        return _unknown_key(field, path, root)
    if complaint["type"] == "missing":
        return InvalidSpecError(field, "is required and missing")
    given = complaint.get("input")
    suffix = "" if isinstance(given, dict | list | tuple) else f", got {shown(given)}"
    message = str(complaint["msg"]).removeprefix("Value error, ")
    if complaint["type"] in _PLAIN:
        message = _PLAIN[complaint["type"]].format_map(complaint.get("ctx", {}))
    remedy = (
        _description(root, path)
        if complaint["type"] == "string_pattern_mismatch"
        else _quotes(complaint["type"], given)
    )
    return InvalidSpecError(field, message[:1].lower() + message[1:] + suffix, remedy)


def _dotted(prefix: str, place: tuple[int | str, ...]) -> str:
    """Return a path as Kubernetes writes it: spec.benchmark.runtimes[1]."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return f"{prefix}{''.join(parts)}".removeprefix(".")


def _description(model: type[BaseModel] | None, path: list[str]) -> str:
    """Return what the field at `path` is, "" where that is not known."""
    info = None
    for part in path:
        fields = {} if model is None else model.model_fields
        info = next((i for name, i in fields.items() if part in (name, i.alias)), None)
        model = None if info is None else _model_in(info.annotation)
    return f"it is: {info.description}" if info is not None and info.description else ""


def _quotes(kind: str, given: object) -> str:
    """Return what to do about a value of a wrong type, "" where it is not a matter of quotes."""
    if kind == "string_type" and isinstance(given, bool | int | float):
        return "put it in quotes"
    if isinstance(given, str) and kind in _BARE and _BARE[kind].fullmatch(given):
        return "write it without quotes"
    return ""


def unknown_field(field: str, root: type[BaseModel]) -> InvalidSpecError:
    """Return the sentence about a field, `spec.dataset.numClases`, that `root` does not have."""
    return _unknown_key(field, re.sub(r"\[\d+\]", "", field).split("."), root)


def _unknown_key(field: str, path: list[str], root: type[BaseModel]) -> InvalidSpecError:
    if path[-1] in _REFUSED:
        return InvalidSpecError(field, *_REFUSED[path[-1]])
    known = sorted(_keys_at(root, path[:-1]))
    match = nearest(path[-1], known)
    remedy = f"did you mean {match}?" if match else f"known are: {', '.join(known)}"
    return InvalidSpecError(field, "is not a field of this version", remedy)


def _keys_at(model: type[BaseModel], path: list[str]) -> set[str]:
    """Return the keys of the model that `path` leads to from `model`."""
    for part in path:
        info = next((i for name, i in model.model_fields.items() if part in (name, i.alias)), None)
        inner = None if info is None else _model_in(info.annotation)
        if inner is not None:
            model = inner
    return {info.alias or name for name, info in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model class inside `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None

"""Values made from the CRD's own schema: right ones of each field, the rules across fields aside.

hypothesis-jsonschema (MPL-2.0, last released in 2024) makes right values only, of JSON Schema and not of
Kubernetes' dialect; what matters here are the values beside the right ones, too (`unit.api.changes`).
"""

import copy
import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from segcompress_api.schema import job_crd

Schema = dict[str, Any]
Values = st.SearchStrategy[Any]

SCHEMA: Schema = job_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]

MEANING: dict[str, Any] = {
    "alpha": 1.0,
    "loss": "l2",
    "node": ["x"],
    "distill_lambda": 1.0,
    "distill_loss": "l2_loss",
    "distill_node_pair": ["teacher_x", "x"],
    "learning_rate": 0.1,
    "optimizer_builder": {"optimizer": {"type": "SGD"}},
    "optim_args": {"weight_decay": 0.1},
    "optimizer": "SGD",
    "teacher_model_filename": "model.file",
    "teacher_params_filename": "model.file",
    "Global": {"note": 1},
    "inputShape": [1, 3, 8, 8],
    "sparse_block": [1, 1],
    "pruned_ratio": 0.25,
}
"""Values of fields whose schema does not say what they mean."""

_TEXTS = ("s3://bucket/folder/", "model.file", "0.5", "2", "name")
_SHORT_LIST = 3
_LARGEST = 2**31
_TEXT = st.text("aZ0_-./ é\n", max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)


def is_free_form(schema: Schema) -> bool:
    """Return whether any JSON may stand here."""
    return "type" not in schema


def full(schema: Schema) -> Any:
    """Return a value in which every field is given; the rules across fields are not obeyed."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            parts = schema.get("properties", {}).items()
            return {name: _meant(name) if name in MEANING else full(inner) for name, inner in parts}
        case "array":
            return [full(schema["items"])]
        case "string":
            pattern, most = schema.get("pattern", ""), schema.get("maxLength", 16)
            return next(text for text in _TEXTS if len(text) <= most and re.search(pattern, text))
        case "boolean":
            return True
        case _:
            least, most = _bounds(schema)
            return min(max(least, 0), most) + _inside(schema)


def _meant(name: str) -> Any:
    """Return a copy: a test changes what it draws."""
    return copy.deepcopy(MEANING[name])


def _inside(schema: Schema) -> float:
    """Return the step from a bound that is excluded to a value that is not."""
    if not schema.get("exclusiveMinimum"):
        return 0
    return 1 if schema["type"] == "integer" else 0.5


def right(schema: Schema) -> Values:
    """Return values that the schema takes."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if is_free_form(schema):
        return _JSON.filter(lambda value: value is not None)
    return _RIGHT[schema["type"]](schema)


def _right_text(schema: Schema) -> Values:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 16)
    if "pattern" in schema:
        made = st.from_regex(schema["pattern"], fullmatch=True)
        return made.filter(lambda text: least <= len(text) <= most)
    return st.text("aZ0-é", min_size=least, max_size=min(most, 16)) | st.just("é" * most)


def _right_number(schema: Schema) -> Values:
    least, most = _bounds(schema)
    lowest, highest = bool(schema.get("exclusiveMinimum")), bool(schema.get("exclusiveMaximum"))
    return st.floats(least, most, exclude_min=lowest, exclude_max=highest)


def _right_integer(schema: Schema) -> Values:
    least, most = _bounds(schema)
    first, last = int(least) + bool(schema.get("exclusiveMinimum")), int(most)
    return st.integers(first, last) | st.sampled_from([first, last])


def _right_list(schema: Schema) -> Values:
    least, most = schema.get("minItems", 0), min(schema.get("maxItems", _SHORT_LIST), _SHORT_LIST)
    unique = schema.get("x-kubernetes-list-type") == "set"
    return st.lists(right(schema["items"]), min_size=least, max_size=most, unique=unique)


def _right_object(schema: Schema) -> Values:
    if "additionalProperties" in schema:
        names = st.sampled_from(["cpu", "memory", "zone"])
        return st.dictionaries(names, right(schema["additionalProperties"]), max_size=2)
    return st.just(full(schema))


_RIGHT: dict[str, Callable[[Schema], Values]] = {
    "string": _right_text,
    "number": _right_number,
    "integer": _right_integer,
    "boolean": lambda _: st.booleans(),
    "array": _right_list,
    "object": _right_object,
}


def _bounds(schema: Schema) -> tuple[float, float]:
    return schema.get("minimum", -_LARGEST), schema.get("maximum", _LARGEST - 1)

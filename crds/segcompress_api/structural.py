"""pydantic's JSON schema as a structural one (apiextensions v1).

The API server refuses `$ref`, `anyOf` with null and `additionalProperties: false`: references are inlined,
the others dropped. Unknown keys are then refused by strict field validation, or pruned.
"""

from typing import Any

from pydantic import BaseModel

from segcompress_api.base import CLUSTER_REQUIRED

Schema = dict[str, Any]

_DROPPED = ("title", "$defs", "additionalProperties", CLUSTER_REQUIRED)

_MAX_KEYS = 64
_FREE_FORM_LIMITS = {"maxLength": 4096, "maxItems": 256, "maxProperties": _MAX_KEYS}
"""Of a leaf that upstream leaves free; each counts for its own type, and none for what lies below."""


def structural_of(model: type[BaseModel]) -> Schema:
    """Return the structural schema of `model`, with the names and defaults that a user writes."""
    whole = model.model_json_schema(by_alias=True, mode="validation")
    return structural(whole, whole.get("$defs", {}))


def structural(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return `schema` as a structural one: refs inlined, null branches and closed-ness dropped."""
    schema = _without_null(_resolved(schema, definitions), definitions)
    result = {key: value for key, value in schema.items() if key not in _DROPPED}
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if exclusive in result:  # Kubernetes keeps OpenAPI 3.0's boolean beside the bound.
            result[bound], result[exclusive] = result[exclusive], True
    if "const" in result:
        result["enum"] = [result.pop("const")]
    if "enum" in result:
        result.setdefault("type", "integer" if isinstance(result["enum"][0], int) else "string")
    if "properties" in schema:
        result["properties"] = {
            name: structural(value, definitions) for name, value in schema["properties"].items()
        }
        _require(result, schema)
    if "items" in schema:
        result["items"] = structural(schema["items"], definitions)
    if "default" in result:
        _set_default(result)
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        result["additionalProperties"] = structural(extra, definitions)
    elif extra is True:
        result["x-kubernetes-preserve-unknown-fields"] = True
    return {**result, **_limits(result)}


def _limits(result: Schema) -> Schema:
    """Return the limits of a leaf that upstream leaves free."""
    if not result.get("x-kubernetes-preserve-unknown-fields"):
        return {}
    return {"maxProperties": _MAX_KEYS} if "type" in result else _FREE_FORM_LIMITS


def _resolved(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return `schema` with its `$ref` replaced by what it names; its own keys win."""
    if "$ref" not in schema:
        return schema
    target = definitions[schema["$ref"].rpartition("/")[2]]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _without_null(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return the branch of `X | None` that is not null, under the outer keys."""
    if "anyOf" not in schema:
        return schema
    (branch,) = [option for option in schema["anyOf"] if option.get("type") != "null"]
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**_resolved(branch, definitions), **outer}


def _set_default(result: Schema) -> None:
    """Keep defaults that say something: none for null; objects default to {} and fill from within."""
    if result["default"] is None:
        del result["default"]
    elif result.get("type") == "object":
        result["default"] = {}


def drop_defaults(status: Schema) -> None:
    """Drop every default: the operator alone writes status, and what it wrote must be what stands there."""
    status.pop("default", None)
    for part in (*status.get("properties", {}).values(), *filter(None, [status.get("items")])):
        drop_defaults(part)


def _require(result: Schema, schema: Schema) -> None:
    marked = [name for name, value in schema["properties"].items() if value.get(CLUSTER_REQUIRED)]
    if marked:
        result["required"] = sorted({*result.get("required", []), *marked})

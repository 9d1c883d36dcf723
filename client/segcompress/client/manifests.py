"""Resources as the API server writes them, and as types; the one border between both."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from segcompress.client.errors import ClientError, InvalidJobError
from segcompress.client.kinds import KINDS, Kind, R, Resource
from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.errors import InvalidSpecError, invalid_spec, shown
from segcompress_runner.errors import InputNotFoundError
from segcompress_runner.job_file import read_document

_API_VERSION = f"{API_GROUP}/{API_VERSION}"


def read_manifest(path: Path | str) -> dict[str, Any]:
    """Return the one job or sweep in a YAML file as it is written, to be submitted or changed.

    Raises InvalidJobError naming the line, and ClientError where the file cannot be read.
    """
    try:
        document = read_document(Path(path), tuple(KINDS))
    except InvalidSpecError as error:
        raise InvalidJobError([str(error)]) from None
    except InputNotFoundError as error:
        raise ClientError(str(error)) from None
    _metadata(document)
    return document


def as_body(resource: Resource | Mapping[str, Any], kind: Kind[Any]) -> dict[str, Any]:
    """Return a resource as JSON has it: of a model, what was set, so that the cluster's own defaults hold."""
    if isinstance(resource, Resource):
        resource = resource.model_dump(
            mode="json", by_alias=True, exclude_unset=True, exclude_none=True, exclude={"status"}
        )
    named = {"apiVersion": _API_VERSION, "kind": kind.name} | dict(resource)
    return named | {"metadata": dict(_metadata(named))}


def _metadata(document: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise InvalidJobError([f"metadata: must be a mapping such as {{name: demo}}, got {shown(metadata)}"])
    return metadata


def as_type(body: Mapping[str, Any], kind: Kind[R]) -> R:
    """Return the type of what the API server sent; what a newer version added to it is left out."""
    try:
        return _validated(body, kind)
    except ValidationError as error:
        unknown = [each["loc"] for each in error.errors() if each["type"] == "extra_forbidden"]
    try:
        return _validated(_without(body, unknown), kind)
    except ValidationError as error:
        name = body.get("metadata", {}).get("name", "")
        raise ClientError(
            f"{name}: cannot be read by this version of SegCompress ({invalid_spec(error, kind.model)})"
        ) from None


def _validated(body: Mapping[str, Any], kind: Kind[R]) -> R:
    return cast("R", kind.model.model_validate(body, by_name=False, by_alias=True))


def _without(body: Mapping[str, Any], places: Iterable[tuple[int | str, ...]]) -> dict[str, Any]:
    """Return a copy without the keys at these places.

    pydantic's own extra="ignore" would take the arguments of a transform along, which may have any name.
    """
    copy = deepcopy(dict(body))
    for *parents, key in places:
        within: Any = copy
        for part in parents:
            within = within[part]
        del within[key]
    return copy

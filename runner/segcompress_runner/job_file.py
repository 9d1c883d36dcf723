"""A job's or a sweep's YAML as `segcompress` reads it: the very file that `kubectl apply` takes.

Addresses file://./folder and file://../folder are relative to the file's own folder, so that an example runs
wherever it was cloned to; a cluster takes s3:// alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from segcompress_api.errors import InvalidSpecError, invalid_spec, nearest
from segcompress_api.job import KIND
from segcompress_api.manifest import JobManifest, SweepManifest
from segcompress_api.sweep import SWEEP_KIND
from segcompress_runner.errors import InputNotFoundError
from segcompress_runner.inputs.safe_load import LIMIT, UnsafeYamlError, load_documents

M = TypeVar("M", JobManifest, SweepManifest)

_RELATIVE = ("file://./", "file://../")


def read_job(path: Path) -> JobManifest:
    """Return the job in `path`; raises InvalidSpecError naming the field, or the line."""
    return parse_job(_content(path), path)


def read_manifest(path: Path) -> JobManifest | SweepManifest:
    """Return the job or the sweep in `path`; raises InvalidSpecError naming the field, or the line."""
    content = _content(path)
    document = _document(content, path, (KIND, SWEEP_KIND))
    if document["kind"] == SWEEP_KIND:
        return _typed(document, path, SweepManifest)
    return _typed(document, path, JobManifest)


def parse_job(content: bytes, path: Path) -> JobManifest:
    """Return the one job in `content`, which lies at `path`."""
    return _typed(_document(content, path, (KIND,)), path, JobManifest)


def read_document(path: Path, kinds: Sequence[str] = (KIND,)) -> dict[str, Any]:
    """Return the one resource in `path`, of one of `kinds`, as it is written: a cluster is to judge it."""
    return _document(_content(path), path, kinds)


def _typed(document: dict[str, Any], path: Path, type_: type[M]) -> M:
    try:
        return type_.model_validate(_resolved(document, path.resolve().parent), by_name=False)
    except ValidationError as error:
        raise invalid_spec(error, type_) from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LIMIT + 1)
    except OSError as error:
        raise InputNotFoundError(f"{path}: cannot be read ({error.strerror})") from None


def _document(content: bytes, path: Path, kinds: Sequence[str]) -> dict[str, Any]:
    try:
        documents = load_documents(content)
    except UnsafeYamlError as error:
        raise InvalidSpecError(str(path), str(error)) from None
    named = " or ".join(kinds)
    if len(documents) != 1:
        raise InvalidSpecError(str(path), _number_of(documents), f"give one {named} a file")
    document = documents[0]
    if not isinstance(document, dict):
        raise InvalidSpecError(str(path), "must be a mapping", f"give one {named} a file")
    _check_kind(document.get("kind"), kinds, path)
    return document


def _number_of(documents: Sequence[Any]) -> str:
    """Return how many documents a file holds, and of which kinds."""
    if not documents:
        return "is empty"
    kinds = (str(each.get("kind")) if isinstance(each, dict) else "no mapping" for each in documents)
    return f"holds {len(documents)} documents ({', '.join(kinds)})"


def _check_kind(kind: object, kinds: Sequence[str], path: Path) -> None:
    named = " or ".join(kinds)
    if kind is None:
        raise InvalidSpecError(str(path), "kind is required and missing", f"give {named}")
    if kind not in kinds:
        raise InvalidSpecError(str(path), f"kind is {kind}, not {named}", _remedy(kind, kinds))


def _remedy(kind: object, kinds: Sequence[str]) -> str:
    if kind == SWEEP_KIND:
        return "a sweep runs on a cluster: segcompress submit"
    if str(kind).endswith("List"):
        return f"give one {' or '.join(kinds)} a file"
    match = nearest(str(kind), kinds)
    return f"did you mean {match}?" if match else ""


def _resolved(value: Any, folder: Path) -> Any:
    """Return `value` with every relative file:// address made absolute."""
    if isinstance(value, dict):
        return {key: _resolved(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, folder) for item in value]
    if isinstance(value, str) and value.startswith(_RELATIVE):
        slash = "/" if value.endswith("/") else ""
        return f"file://{(folder / value.removeprefix('file://')).resolve()}{slash}"
    return value

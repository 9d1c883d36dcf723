"""Errors from the API server's error responses. Pure: a status code and a body."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from segcompress.client.errors import (
    AlreadyExistsError,
    ClientError,
    ForbiddenError,
    InvalidJobError,
    NotFoundError,
    UnreachableError,
)
from segcompress.client.kinds import JOBS, KINDS
from segcompress_api.errors import nearest, one_line, unknown_field

_UNKNOWN = re.compile(r'(unknown|duplicate) field "([^"]+)"')
_UNSUPPORTED = re.compile(r'Unsupported value: "([^"]*)": supported values: (.*)')
_NOT_INSTALLED = (
    "the cluster has no such resource type: install SegCompress (helm install), or choose another cluster"
)
_PASSING = {
    HTTPStatus.GONE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


def error_of(status: int, body: str) -> ClientError:
    """Return the error for a response with this status code and body."""
    answer = _parsed(body)
    message = one_line(str(answer.get("message") or body or f"HTTP {status}"))
    error: ClientError
    match status:
        case HTTPStatus.UNAUTHORIZED:
            error = ForbiddenError("the API server does not accept your credentials; log in again")
        case HTTPStatus.FORBIDDEN:
            error = ForbiddenError(message)
        case HTTPStatus.NOT_FOUND:
            error = NotFoundError(message if answer.get("details") else _NOT_INSTALLED)
        case HTTPStatus.CONFLICT:
            error = AlreadyExistsError(message)
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY:
            error = InvalidJobError(_problems(answer, message))
        case _ if status in _PASSING:
            error = UnreachableError(f"the API server is temporarily unavailable: {message}")
        case _:
            error = ClientError(f"the API server answered {status}: {message}")
    return error


def _parsed(body: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _problems(answer: Mapping[str, Any], message: str) -> list[str]:
    """Return one line for each field: of the schema's causes, or of strict validation's sentence."""
    causes = (answer.get("details") or {}).get("causes") or []
    lines = [_cause(cause) for cause in causes if cause.get("message")]
    lines += [_misspelt(what, field, _model_of(message)) for what, field in _UNKNOWN.findall(message)]
    return list(dict.fromkeys(lines)) or [message]


def _cause(cause: Mapping[str, Any]) -> str:
    field = cause.get("field", "")
    text = one_line(str(cause["message"]))
    if unsupported := _UNSUPPORTED.fullmatch(text):
        match = nearest(unsupported[1], re.findall(r'"([^"]+)"', unsupported[2]))
        text += f"; did you mean {match}?" if match else ""
    return f"{field}: {text}" if field and field != "<nil>" else text


def _model_of(message: str) -> type[BaseModel]:
    """Return the model of the kind in the message: strict validation names it only there."""
    return next((kind.model for kind in KINDS.values() if kind.name in message), JOBS.model)


def _misspelt(what: str, field: str, model: type[BaseModel]) -> str:
    if what == "duplicate":
        return f"{field}: is given twice"
    return str(unknown_field(field, model))

"""What the API server's answers mean to us: an error of errors.py for each that is none of success.

A refusal is final only where the API server's own validation finds fault with what we ask for: it names the
fields. Admission (a webhook, a policy, a quota, a namespace that ends) may decide otherwise tomorrow. Its
status code says nothing: a policy answers 422 by default, a webhook whatever it likes.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.planning.parsing import parse_time

Answer = Mapping[str, Any]

_MESSAGE_LIMIT = 1024
_WEBHOOK = "admission webhook "
_REFUSALS = (400, 403, 404, 409, 413, 422)
_SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):[^:]+")
_DENIED = "denied request"
"""In the message of a policy; a webhook's begins with the other."""


class ConflictError(RetryableError):
    """Somebody was there before us."""


@dataclass(frozen=True)
class Caller:
    """The pod that a token was issued to."""

    namespace: str
    pod_name: str
    pod_uid: str


def error_of(method: str, status: int, text: str, headers: Mapping[str, str]) -> Exception:
    """Return the error that an answer stands for; messages are cut, since theirs have no limit."""
    answer = _parsed(text)
    message = str(answer.get("message", ""))[:_MESSAGE_LIMIT] or f"HTTP status {status}"
    if _is_denial(message) and status in _REFUSALS:
        return RefusedError(message, final=False)
    match status:
        case 404 if answer.get("reason") == "NotFound":
            return GoneError(message)
        case 409:
            return ConflictError(f"{method}: {message}")
        case 400 | 403 | 422:
            return RefusedError(message, final=_names_fields(answer))
        case 413:
            return RefusedError(message, final=True)
        case _:
            wish = headers.get("Retry-After", "")
            return RetryableError(f"{method}: {message}", float(wish) if wish.isdecimal() else None)


def latest_refusal(events: Iterable[Answer]) -> tuple[str, datetime | None]:
    """Return the message of the latest Event and its time; "" and None where there is none."""
    latest = max(events, key=_moment, default=None)
    return ("", None) if latest is None else (str(latest.get("message", "")), parse_time(_moment(latest)))


def caller_of(review: Answer, audience: str) -> Caller | None:
    """Return the pod that a TokenReview vouches for, None where it vouches for none.

    An API server that knows no audiences leaves them out of its answer: its word is not enough.
    """
    status = review.get("status") or {}
    user = status.get("user") or {}
    if status.get("authenticated") is not True or audience not in (status.get("audiences") or ()):
        return None
    account = _SERVICE_ACCOUNT.fullmatch(str(user.get("username", "")))
    pod_name, pod_uid = (_extra(user, f"authentication.kubernetes.io/pod-{key}") for key in ("name", "uid"))
    return Caller(account[1], pod_name, pod_uid) if account and pod_name and pod_uid else None


def _extra(user: Answer, key: str) -> str:
    """Return the one value that a user has under `key`, "" where it has none or several."""
    values = list((user.get("extra") or {}).get(key) or ())
    return str(values[0]) if len(values) == 1 else ""


def _is_denial(message: str) -> bool:
    return message.startswith(_WEBHOOK) or _DENIED in message


def _names_fields(answer: Answer) -> bool:
    causes = (answer.get("details") or {}).get("causes") or ()
    return answer.get("reason") == "Invalid" and bool(causes) and all(cause.get("field") for cause in causes)


def _moment(event: Answer) -> str:
    series = (event.get("series") or {}).get("lastObservedTime")
    return str(series or event.get("lastTimestamp") or event.get("eventTime") or "")


def _parsed(text: str) -> Answer:
    try:
        answer = json.loads(text)
    except ValueError:
        return {"message": text[:200]}
    return answer if isinstance(answer, dict) else {}

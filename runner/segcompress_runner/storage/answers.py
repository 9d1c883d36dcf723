"""What an object store's answers mean for a run: final, or worth another try. Pure."""

from dataclasses import dataclass, replace

import urllib3
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, SSLError

from segcompress_runner.errors import (
    InputNotFoundError,
    InvalidSettingError,
    RunError,
    StorageAccessDeniedError,
    StorageUnreachableError,
)


class TransferError(Exception):
    """Other bytes arrived than were sent."""


FAULTS = (MinioException, HTTPError, TransferError)
"""What a request may raise short of an answer."""

_MISSING = {
    "NoSuchBucket": "{bucket}: the bucket does not exist ({address})",
    "NoSuchKey": "{address} does not exist",
}

_DENIED = frozenset(
    {
        "AccessDenied",
        "AllAccessDisabled",
        "AccountProblem",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "InvalidTokenId",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_PASSING = frozenset(
    {
        "ConditionalRequestConflict",
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "SlowDownRead",
        "SlowDownWrite",
    }
)
_ELSEWHERE = frozenset(
    {"AuthorizationHeaderMalformed", "PermanentRedirect", "Redirect", "TemporaryRedirect", "InvalidRegion"}
)
_SERVER_FAULT = 500
_TOO_MANY = 429


@dataclass(frozen=True)
class Judgement:
    """The error for the user, and whether another try may end better."""

    error: RunError
    passing: bool


def judge(fault: Exception, address: str, endpoint: str) -> Judgement:
    """Return what `fault`, raised by a request for `address`, means."""
    if isinstance(fault, S3Error):
        return _judge_answer(fault, address, endpoint)
    # A certificate does not become trusted by asking again.
    return replace(_unreachable(address, endpoint, _how(fault)), passing=not isinstance(fault, SSLError))


def _judge_answer(fault: S3Error, address: str, endpoint: str) -> Judgement:
    code, status = fault.code or "", getattr(fault.response, "status", 0)
    if code in _PASSING or status >= _SERVER_FAULT or status == _TOO_MANY:
        return _unreachable(address, endpoint, f"answers {code}")
    detail = f"{code}: {(fault.message or '').rstrip('.')}"
    if code in _MISSING:
        return _final(InputNotFoundError(_MISSING[code].format(address=address, bucket=_bucket(address))))
    if code == "PreconditionFailed":
        return _final(StorageUnreachableError(f"{address} changed while it was fetched"))
    if code in _ELSEWHERE:
        return _final(
            InvalidSettingError(
                f"S3_ENDPOINT, AWS_REGION (keys endpoint, region of the storage Secret): {endpoint} refers "
                f"{address} to another place ({detail}), which is not followed"
            )
        )
    verb = "denies access" if code in _DENIED else "refuses the request"
    return _final(StorageAccessDeniedError(f"{address}: {endpoint} {verb} ({detail})"))


def _bucket(address: str) -> str:
    return "/".join(address.split("/")[:3])


def _final(error: RunError) -> Judgement:
    return Judgement(error, passing=False)


def _unreachable(address: str, endpoint: str, how: str) -> Judgement:
    return Judgement(
        StorageUnreachableError(f"the object store at {endpoint} is out of reach: {how} ({address})"),
        passing=True,
    )


_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (InvalidResponseError, "its answer is not S3's"),
    (SSLError, "it does not speak TLS, or its certificate is not trusted (a private CA goes into ca.crt)"),
    (NameResolutionError, "its host name does not resolve"),
    (NewConnectionError, "it does not accept connections"),
    (urllib3.exceptions.TimeoutError, "no answer in time"),
)
"""First match counts: urllib3's NewConnectionError is a TimeoutError too."""


def _how(fault: Exception) -> str:
    """Return how a request failed that got no answer of S3's kind."""
    if isinstance(fault, ServerError):
        return f"it answers HTTP {fault.status_code}"
    if isinstance(fault, TransferError):
        return str(fault)
    known = (sentence for kind, sentence in _KINDS if isinstance(fault, kind))
    return next(known, f"the connection broke ({type(fault).__name__})")

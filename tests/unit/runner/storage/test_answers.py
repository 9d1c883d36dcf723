from types import SimpleNamespace
from typing import Any, cast

import pytest
import urllib3
from minio.error import InvalidResponseError, S3Error, ServerError

from segcompress_runner.errors import (
    InputNotFoundError,
    InvalidSettingError,
    RunError,
    StorageAccessDeniedError,
    StorageUnreachableError,
)
from segcompress_runner.storage.answers import judge

ADDRESS, ENDPOINT = "s3://data/train.txt", "http://minio:9000"


def answer(code: str, status: int) -> S3Error:
    response = cast("Any", SimpleNamespace(status=status))
    return S3Error(response, code, f"It is {code}.", "/data/train.txt", "1", "2")


@pytest.mark.parametrize(
    ("fault", "kind", "passing"),
    [
        pytest.param(answer("NoSuchKey", 404), InputNotFoundError, False, id="object"),
        pytest.param(answer("NoSuchBucket", 404), InputNotFoundError, False, id="bucket"),
        pytest.param(answer("AccessDenied", 403), StorageAccessDeniedError, False, id="denied"),
        pytest.param(answer("InvalidAccessKeyId", 403), StorageAccessDeniedError, False, id="key"),
        pytest.param(answer("SignatureDoesNotMatch", 403), StorageAccessDeniedError, False, id="secret"),
        pytest.param(answer("ExpiredToken", 400), StorageAccessDeniedError, False, id="token"),
        pytest.param(answer("AuthorizationHeaderMalformed", 400), InvalidSettingError, False, id="region"),
        pytest.param(answer("PermanentRedirect", 301), InvalidSettingError, False, id="redirect"),
        pytest.param(answer("InvalidArgument", 400), StorageAccessDeniedError, False, id="any other refusal"),
        pytest.param(answer("SlowDown", 503), StorageUnreachableError, True, id="slow down"),
        pytest.param(answer("InternalError", 500), StorageUnreachableError, True, id="internal"),
        pytest.param(answer("XMinioServerNotInitialized", 503), StorageUnreachableError, True, id="5xx"),
        pytest.param(answer("TooManyRequests", 429), StorageUnreachableError, True, id="429"),
        pytest.param(ServerError("HTTP 502", 502), StorageUnreachableError, True, id="gateway"),
        pytest.param(InvalidResponseError(200, "text/html", ""), StorageUnreachableError, True, id="no S3"),
        pytest.param(
            urllib3.exceptions.ReadTimeoutError(cast("Any", None), "/", "slow"),
            StorageUnreachableError,
            True,
            id="time-out",
        ),
        pytest.param(urllib3.exceptions.SSLError("bad"), StorageUnreachableError, False, id="certificate"),
        pytest.param(urllib3.exceptions.ProtocolError("cut"), StorageUnreachableError, True, id="cut"),
    ],
)
def test_answer_has_its_meaning(fault: Exception, kind: type[RunError], *, passing: bool) -> None:
    verdict = judge(fault, ADDRESS, ENDPOINT)
    assert type(verdict.error) is kind
    assert verdict.passing is passing
    assert "\n" not in str(verdict.error)


def test_message_names_what_was_asked_for() -> None:
    assert str(judge(answer("NoSuchBucket", 404), ADDRESS, ENDPOINT).error) == (
        "s3://data: the bucket does not exist (s3://data/train.txt)"
    )
    assert str(judge(answer("AccessDenied", 403), ADDRESS, ENDPOINT).error) == (
        "s3://data/train.txt: http://minio:9000 denies access (AccessDenied: It is AccessDenied)"
    )
    assert str(judge(answer("SlowDown", 503), ADDRESS, ENDPOINT).error) == (
        "the object store at http://minio:9000 is out of reach: answers SlowDown (s3://data/train.txt)"
    )

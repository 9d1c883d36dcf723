"""Which credentials are used for fetching."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from certified import certified
from segcompress.client import ForbiddenError, StorageError
from segcompress.client.credentials import object_store
from segcompress_runner.errors import StorageUnreachableError

SECRET = {"endpoint": "http://minio.svc:9000", "accessKey": "team", "secretKey": "hidden", "region": "eu-1"}
MINE = {
    "S3_ENDPOINT": "http://localhost:9000",
    "AWS_ACCESS_KEY_ID": "me",
    "AWS_SECRET_ACCESS_KEY": "mine",
    "AWS_SESSION_TOKEN": "for a while",
}


def read_secret() -> Mapping[str, str]:
    return SECRET


def forbidden() -> Mapping[str, str]:
    raise ForbiddenError("jane cannot get secrets")


@pytest.mark.parametrize(
    ("environment", "used"),
    [
        pytest.param(MINE, ("http://localhost:9000", "me", "for a while", None), id="own"),
        pytest.param({}, ("http://minio.svc:9000", "team", None, "eu-1"), id="of the Secret"),
        pytest.param(
            {"S3_ENDPOINT": "http://localhost:9000"},
            ("http://localhost:9000", "team", None, "eu-1"),
            id="of the Secret, at another address",
        ),
        pytest.param(
            {**MINE, "S3_ENDPOINT": ""}, ("http://minio.svc:9000", "team", None, "eu-1"), id="never a mixture"
        ),
    ],
)
def test_credentials_are_of_one_place(environment: Mapping[str, str], used: tuple[str | None, ...]) -> None:
    with object_store(environment, "object-store", read_secret) as store:
        settings = store.settings
    assert (settings.endpoint, settings.access_key, settings.session_token, settings.region) == used


def test_own_credentials_need_no_secret() -> None:
    with object_store(MINE, "object-store", forbidden) as store:
        assert store.settings.access_key == "me"


def test_certificates_of_the_secret_are_trusted(tmp_path: Path) -> None:
    bundle = (certified(tmp_path) / "ca.crt").read_text()
    with object_store({}, "object-store", lambda: {**SECRET, "ca.crt": bundle}) as store:
        assert store.settings.ca_bundle is not None
        assert store.settings.ca_bundle.read_text() == bundle


def test_own_certificates_replace_those_of_the_secret(tmp_path: Path) -> None:
    mine = certified(tmp_path) / "ca.crt"
    secret = {**SECRET, "ca.crt": "of the cluster"}
    with object_store({"AWS_CA_BUNDLE": str(mine)}, "object-store", lambda: secret) as store:
        assert (store.settings.access_key, store.settings.ca_bundle) == ("team", mine)


def test_secret_that_may_not_be_read_is_told_with_the_way_around_it() -> None:
    with (
        pytest.raises(
            ForbiddenError, match="jane cannot get secrets; set S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_S"
        ),
        object_store({}, "object-store", forbidden),
    ):
        pass


def test_secret_without_a_key_is_told() -> None:
    with (
        pytest.raises(StorageError, match=r"AWS_SECRET_ACCESS_KEY \(key secretKey of the storage Secret\)"),
        object_store({}, "object-store", lambda: {**SECRET, "secretKey": ""}),
    ):
        pass


@pytest.mark.parametrize(("environment", "hinted"), [({}, True), (MINE, False)])
def test_endpoint_of_the_secret_may_be_unknown_here(environment: Mapping[str, str], *, hinted: bool) -> None:
    with (
        pytest.raises(StorageError) as raised,
        object_store(environment, "object-store", read_secret),
    ):
        raise StorageUnreachableError("no answer")
    assert ("set S3_ENDPOINT to one that is reachable from here" in str(raised.value)) is hinted

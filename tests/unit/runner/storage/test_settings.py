from pathlib import Path

import pytest

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.storage import settings_from

RIGHT = {
    "S3_ENDPOINT": "https://minio.store.svc:9000/",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "hush",
}


def test_settings_come_from_the_environment() -> None:
    settings = settings_from(RIGHT | {"AWS_REGION": "eu-1", "AWS_SESSION_TOKEN": ""})
    assert (settings.host, settings.secure, settings.region) == ("minio.store.svc:9000", True, "eu-1")
    assert settings.session_token is None
    assert settings.endpoint == "https://minio.store.svc:9000"


def test_credentials_are_not_printed() -> None:
    assert "hush" not in repr(settings_from(RIGHT))


@pytest.mark.parametrize(
    ("variable", "key"), [("S3_ENDPOINT", "endpoint"), ("AWS_ACCESS_KEY_ID", "accessKey")]
)
def test_missing_variable_is_named_with_its_key(variable: str, key: str) -> None:
    with pytest.raises(InvalidSettingError, match=rf"{variable} \(key {key} of the storage Secret\)"):
        settings_from({name: value for name, value in RIGHT.items() if name != variable})


@pytest.mark.parametrize(
    "endpoint",
    [
        "minio:9000",
        "ftp://minio",
        "http://",
        "http://a:b@minio",
        "http://minio/path",
        "http://minio:port",
        "http://minio%2eexample",
        "http://minio example",
    ],
)
def test_endpoint_must_be_scheme_and_host(endpoint: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"S3_ENDPOINT \(key endpoint"):
        settings_from(RIGHT | {"S3_ENDPOINT": endpoint})


@pytest.mark.parametrize("value", ["hush\r\nX-More: 1", "hush\x00", "húsh"])
@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("AWS_ACCESS_KEY_ID", "accessKey"),
        ("AWS_SECRET_ACCESS_KEY", "secretKey"),
        ("AWS_SESSION_TOKEN", "sessionToken"),
    ],
)
def test_credential_that_fits_no_header_is_named_and_not_shown(variable: str, key: str, value: str) -> None:
    with pytest.raises(
        InvalidSettingError, match=rf"{variable} \(key {key} of .*must be printable ASCII"
    ) as caught:
        settings_from(RIGHT | {variable: value})
    assert "sh" not in str(caught.value).replace("printable", "")


@pytest.mark.parametrize("endpoint", ["http://a:hush@minio", "http://a:hush@[minio", "http://a:hush@minio:x"])
def test_credentials_in_an_endpoint_are_not_shown(endpoint: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"S3_ENDPOINT \(key endpoint") as caught:
        settings_from(RIGHT | {"S3_ENDPOINT": endpoint})
    assert "hush" not in str(caught.value)


def test_white_space_around_a_value_does_not_count() -> None:
    settings = settings_from(RIGHT | {"AWS_SESSION_TOKEN": "token\n", "AWS_REGION": " eu-1\n"})
    assert (settings.session_token, settings.region) == ("token", "eu-1")


def test_region_must_be_one() -> None:
    with pytest.raises(InvalidSettingError, match=r"AWS_REGION .*must be a region such as us-east-1, got"):
        settings_from(RIGHT | {"AWS_REGION": "eu 1"})


def test_file_that_holds_no_certificates_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.crt"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")
    with pytest.raises(InvalidSettingError, match=r"AWS_CA_BUNDLE: .*must be certificates in PEM \("):
        settings_from(RIGHT | {"AWS_CA_BUNDLE": str(bundle)})


def test_ipv6_endpoint_keeps_its_brackets() -> None:
    assert settings_from(RIGHT | {"S3_ENDPOINT": "http://[::1]:9000"}).host == "[::1]:9000"

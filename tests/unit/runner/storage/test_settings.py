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
    ["minio:9000", "ftp://minio", "http://", "http://a:b@minio", "http://minio/path", "http://minio:port"],
)
def test_endpoint_must_be_scheme_and_host(endpoint: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"S3_ENDPOINT \(key endpoint"):
        settings_from(RIGHT | {"S3_ENDPOINT": endpoint})


def test_ipv6_endpoint_keeps_its_brackets() -> None:
    assert settings_from(RIGHT | {"S3_ENDPOINT": "http://[::1]:9000"}).host == "[::1]:9000"

"""Where the object store is and who asks: read from the environment, checked before the first request."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from segcompress_api.contract import CA_BUNDLE_PATH, OPTIONAL_SECRET_KEYS, SECRET_KEYS
from segcompress_runner.errors import InvalidSettingError

CA_VARIABLE = "AWS_CA_BUNDLE"


@dataclass(frozen=True)
class S3Settings:
    """An endpoint (scheme, host and port) and credentials."""

    host: str
    secure: bool
    access_key: str
    secret_key: str
    region: str | None = None
    session_token: str | None = None
    ca_bundle: Path | None = None

    @property
    def endpoint(self) -> str:
        """The endpoint as the user wrote it."""
        return f"{'https' if self.secure else 'http'}://{self.host}"

    @property
    def amazon(self) -> bool:
        """Whether this is Amazon's own S3."""
        return self.host.split(":")[0].endswith((".amazonaws.com", ".amazonaws.com.cn"))

    def __repr__(self) -> str:
        return f"S3Settings({self.endpoint})"


def settings_from(environment: Mapping[str, str]) -> S3Settings:
    """Return the settings in the environment; raises InvalidSettingError naming variable and Secret key."""
    values = {key: _required(environment, key, name) for key, name in SECRET_KEYS.items()}
    optional = {key: environment.get(name) or None for key, name in OPTIONAL_SECRET_KEYS.items()}
    host, secure = _endpoint(values["endpoint"])
    return S3Settings(
        host=host,
        secure=secure,
        access_key=values["accessKey"],
        secret_key=values["secretKey"],
        region=optional["region"],
        session_token=optional["sessionToken"],
        ca_bundle=_ca_bundle(environment),
    )


def _required(environment: Mapping[str, str], key: str, variable: str) -> str:
    value = environment.get(variable, "").strip()
    if not value:
        raise InvalidSettingError(
            f"{variable} (key {key} of the storage Secret): is required by s3:// addresses and missing"
        )
    return value


def _endpoint(value: str) -> tuple[str, bool]:
    problem = "S3_ENDPOINT (key endpoint of the storage Secret): "
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise InvalidSettingError(f"{problem}{value!r} is not a URL ({error})") from None
    if parts.username or parts.password:
        raise InvalidSettingError(f"{problem}holds credentials; they belong in accessKey and secretKey")
    extra = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or extra:
        raise InvalidSettingError(f"{problem}{value!r} is not an endpoint; write http(s)://host:port")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return (f"{host}:{port}" if port else host), parts.scheme == "https"


def _ca_bundle(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(CA_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise InvalidSettingError(f"{CA_VARIABLE}: {named} is not a file")
        return Path(named)
    mounted = Path(CA_BUNDLE_PATH)
    return mounted if mounted.is_file() else None

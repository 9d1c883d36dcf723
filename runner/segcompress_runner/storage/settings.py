"""Where the object store is and who asks: read from the environment, checked before the first request."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from segcompress_api.contract import CA_BUNDLE_PATH, OPTIONAL_SECRET_KEYS, SECRET_KEYS
from segcompress_api.errors import shown
from segcompress_runner.errors import InvalidSettingError

CA_VARIABLE = "AWS_CA_BUNDLE"
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*|[0-9A-Fa-f:.]+")
_REGION = re.compile(r"[A-Za-z0-9_-]{1,63}")


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
    values = {key: _value(environment, key, name) for key, name in SECRET_KEYS.items()}
    for key, variable in SECRET_KEYS.items():
        if not values[key]:
            raise _wrong(key, variable, "is required by s3:// addresses and missing")
    optional = {key: _value(environment, key, name) for key, name in OPTIONAL_SECRET_KEYS.items()}
    region = optional["region"]
    if region and not _REGION.fullmatch(region):
        raise _wrong("region", "AWS_REGION", f"must be a region such as us-east-1, got {shown(region)}")
    host, secure = _endpoint(values["endpoint"])
    return S3Settings(
        host=host,
        secure=secure,
        access_key=values["accessKey"],
        secret_key=values["secretKey"],
        region=region or None,
        session_token=optional["sessionToken"] or None,
        ca_bundle=_ca_bundle(environment),
    )


def _value(environment: Mapping[str, str], key: str, variable: str) -> str:
    """Return a value without the white space around it; an error does not show it, since it may be secret.

    It goes into a header: a library that is given a line break repeats the whole header in its error.
    """
    value = environment.get(variable, "").strip()
    if not (value.isascii() and value.isprintable()):
        raise _wrong(key, variable, "must be printable ASCII on one line")
    return value


def _wrong(key: str, variable: str, problem: str) -> InvalidSettingError:
    return InvalidSettingError(f"{variable} (key {key} of the storage Secret): {problem}")


def _endpoint(value: str) -> tuple[str, bool]:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise _no_endpoint(value) from None
    if "@" in value:
        problem = "holds credentials; they belong in accessKey and secretKey"
        raise _wrong("endpoint", "S3_ENDPOINT", problem)
    if not _names_a_host_alone(parts):
        raise _no_endpoint(value)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return (f"{host}:{port}" if port else f"{host}"), parts.scheme == "https"


def _names_a_host_alone(parts: SplitResult) -> bool:
    """Return whether an endpoint has scheme, host and port alone, spelt as every library reads them."""
    extra = parts.path.strip("/") or parts.query or parts.fragment
    return (
        parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") is not None and not extra
    )


def _no_endpoint(value: str) -> InvalidSettingError:
    written = "" if "@" in value else f", got {shown(value)}"
    return _wrong("endpoint", "S3_ENDPOINT", f"must be an endpoint, http(s)://host:port{written}")


def _ca_bundle(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(CA_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise InvalidSettingError(f"{CA_VARIABLE}: {named} is not a file")
        return _certificates(Path(named), f"{CA_VARIABLE}: {named}")
    mounted = Path(CA_BUNDLE_PATH)
    return _certificates(mounted, "ca.crt (key of the storage Secret)") if mounted.is_file() else None


def _certificates(path: Path, name: str) -> Path:
    """Return the path of a file of certificates; raises InvalidSettingError where it is none."""
    try:
        ssl.create_default_context(cafile=path)
    except (ssl.SSLError, OSError) as error:
        problem = getattr(error, "reason", None) or getattr(error, "strerror", None)
        raise InvalidSettingError(f"{name}: must be certificates in PEM ({problem})") from None
    return path

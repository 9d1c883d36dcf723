"""Credentials for fetching: from the user's environment, or else from the job's Secret."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from segcompress.client.errors import ForbiddenError, NotFoundError, StorageError
from segcompress_api.contract import OPTIONAL_SECRET_KEYS, SECRET_KEYS
from segcompress_runner.errors import InvalidSettingError, StorageUnreachableError
from segcompress_runner.storage import S3Storage, settings_from
from segcompress_runner.storage.credentials import VARIABLES
from segcompress_runner.storage.settings import CA_VARIABLE

_PATIENCE_S = 20.0
_ENDPOINT = SECRET_KEYS["endpoint"]
_REMEDY = f"set {', '.join(SECRET_KEYS.values())} to use your own credentials"

ReadSecret = Callable[[], Mapping[str, str]]


@contextmanager
def object_store(environment: Mapping[str, str], secret: str, read_secret: ReadSecret) -> Iterator[S3Storage]:
    """Yield the object store; errors that the user can fix say how.

    The environment's credentials are taken where it has endpoint and both keys. Otherwise the Secret's are,
    and S3_ENDPOINT, where it is set, replaces the Secret's endpoint: a pod and a laptop may know the store by
    different addresses.
    """
    with tempfile.TemporaryDirectory(prefix="segcompress-") as folder:
        mine = {name: environment[name] for name in VARIABLES if environment.get(name)}
        is_complete = mine.keys() >= set(SECRET_KEYS.values())
        values = mine if is_complete else _of_secret(read_secret, mine, Path(folder))
        try:
            yield S3Storage(settings_from(values), patience_s=_PATIENCE_S)
        except InvalidSettingError as error:
            raise StorageError(str(error)) from None
        except StorageUnreachableError as error:
            hint = "" if _ENDPOINT in mine else _hint(secret)
            raise StorageError(f"{error}{hint}") from None


def _of_secret(read_secret: ReadSecret, mine: Mapping[str, str], folder: Path) -> dict[str, str]:
    try:
        secret = read_secret()
    except (ForbiddenError, NotFoundError) as error:
        raise type(error)(f"{error}; {_REMEDY}") from None
    keys = SECRET_KEYS | OPTIONAL_SECRET_KEYS
    values = {variable: secret[key] for key, variable in keys.items() if secret.get(key)}
    if secret.get("ca.crt"):
        (folder / "ca.crt").write_text(secret["ca.crt"])
        values[CA_VARIABLE] = str(folder / "ca.crt")
    return values | {name: mine[name] for name in (_ENDPOINT, CA_VARIABLE) if name in mine}


def _hint(secret: str) -> str:
    return (
        f"; that endpoint is from Secret {secret} and may be reachable only inside the cluster: "
        f"set {_ENDPOINT} to one that is reachable from here"
    )

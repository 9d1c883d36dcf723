"""The server's certificate, read from a mounted Secret, and read again when it changes there.

The operator has no right on Secrets: the kubelet writes the files, and renews them.
"""

import asyncio
import logging
import ssl
from pathlib import Path
from typing import NoReturn

from segcompress_operator.errors import SettingError

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 30.0
_VARIABLE = "SEGCOMPRESS_PROGRESS_TLS"

AUTHORITY_BYTES = 16 * 1024
"""Of ca.crt: every Job carries it in an annotation, and the API server takes 256 KiB of those in all."""


class Certificate:
    """tls.crt, tls.key and ca.crt of a folder; raises SettingError where they cannot be used at the start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            self._seen = self._read()
            self._load()
        except (OSError, ValueError) as error:
            wanted = "must be a folder with tls.crt, tls.key and ca.crt"
            raise SettingError(_VARIABLE, f"{wanted}, got {folder} ({error})") from None

    async def follow(self, seconds: float = _LOOK_SECONDS) -> NoReturn:
        """Take in what changes in the folder, until cancelled: for the connections and the pods to come."""
        while True:
            await asyncio.sleep(seconds)
            self.refresh()

    def refresh(self) -> None:
        """Take in what has changed; files that do not belong together leave all as it was."""
        try:
            now = self._read()
            if now != self._seen:
                self._seen = now
                self._load()
                logger.info("%s: loaded a new certificate", self._folder)
        except (OSError, ValueError) as error:
            logger.warning("%s: the new certificate cannot be used: %s", self._folder, error)

    def _read(self) -> tuple[bytes, ...]:
        return tuple((self._folder / name).read_bytes() for name in ("tls.crt", "tls.key", "ca.crt"))

    def _load(self) -> None:
        authority = self._seen[2].decode("ascii")
        if len(authority) > AUTHORITY_BYTES:
            raise ValueError(f"ca.crt must have at most {AUTHORITY_BYTES} bytes, got {len(authority)}")
        pair = self._folder / "tls.crt", self._folder / "tls.key"
        # A pair that does not belong together would leave a context without any key: tried on another first.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=authority)
        self.context.load_cert_chain(*pair)
        self.ca = authority

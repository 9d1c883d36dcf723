"""Ask a program whether it is ready, by the content of an answer and never by a connection alone.

On some networks a connection to an address that nobody serves seems to succeed.
"""

from __future__ import annotations

import ssl
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.certs import KeyPair

ANSWER_WITHIN_S = 5.0


class Probe(Protocol):
    """A sign of readiness."""

    def answers(self) -> bool:
        """Say whether the program is ready now."""


@dataclass(frozen=True)
class Trust:
    """Whom a client believes and who it says it is."""

    authority: Path
    identity: KeyPair | None = None

    def context(self) -> ssl.SSLContext:
        """Return the TLS settings of a client."""
        context = ssl.create_default_context(cafile=str(self.authority))
        # Our authority is minimal; the strict mode of newer Pythons asks for extensions it has no use for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.identity is not None:
            context.load_cert_chain(self.identity.certificate, self.identity.key)
        return context


@dataclass(frozen=True)
class HttpProbe:
    """Ready when the URL answers 200."""

    url: str
    trust: Trust | None = None

    def answers(self) -> bool:
        """Ask once; every failure means not yet."""
        try:
            fetch(self.url, self.trust)
        except (OSError, ValueError):
            return False
        return True


@dataclass(frozen=True)
class CommandProbe:
    """Ready when the command ends well."""

    argv: tuple[str, ...]

    def answers(self) -> bool:
        """Run it once."""
        try:
            done = subprocess.run(self.argv, capture_output=True, check=False, timeout=ANSWER_WITHIN_S)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def fetch(url: str, trust: Trust | None, request: urllib.request.Request | None = None) -> bytes:
    """Return the body of an answer; raises urllib.error.URLError (an OSError) for anything but success.

    Proxies from the environment are left aside: every address is on this machine.
    """
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if trust is not None:
        handlers.append(urllib.request.HTTPSHandler(context=trust.context()))
    opener = urllib.request.build_opener(*handlers)
    with opener.open(request or url, timeout=ANSWER_WITHIN_S) as answer:
        return bytes(answer.read())

"""Planted credentials, and how to look for them in whatever may hold a copy."""

import base64
from collections.abc import Iterable, Iterator
from urllib.parse import quote


def spellings(canary: str) -> Iterator[bytes]:
    """Yield how a text may stand in JSON, YAML, an address or a Secret."""
    plain = canary.encode()
    yield plain
    yield quote(canary, safe="").encode()
    for shift in range(3):  # base64 of a text that begins at any byte of a longer one
        yield base64.b64encode(b"x" * shift + plain)[4 if shift else 0 : -4].rstrip(b"=")


def found(canaries: Iterable[str], places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return the names of the places that hold a canary."""
    wanted = [spelling for canary in canaries for spelling in spellings(canary)]
    return [name for name, content in places if any(spelling in content for spelling in wanted)]

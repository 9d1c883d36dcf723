"""Reads the JSON of LISTs and watches: of each object what its kind's type names, and no more.

Of a Job's 7 KB, the template and the managed fields are most; building them only to drop them again was more
than half of what the operator computed (docs/decisions/0040).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a LIST; `rest` is where the next one begins, "" after the last."""

    items: list[Raw]
    version: str
    rest: str
    size: int
    """Bytes of its JSON."""


class _ListMeta(msgspec.Struct):
    version: str = msgspec.field(name="resourceVersion")
    rest: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct):
    metadata: _ListMeta
    items: list[Raw] | None = None


class _Event(msgspec.Struct):
    type: str
    object: Raw


_LISTS = msgspec.json.Decoder(_List)
_EVENTS = msgspec.json.Decoder(_Event)
_WHOLE = msgspec.json.Decoder()


class Reader:
    """Reads one kind; `body` is the type of what is read of its objects. Raises ValueError for other JSON."""

    def __init__(self, body: type) -> None:
        self._objects: msgspec.json.Decoder[Any] = msgspec.json.Decoder(body)

    def page(self, text: bytes) -> Page:
        """Return a page of a LIST, its objects still to be read."""
        listed = _LISTS.decode(text)
        return Page(listed.items or [], listed.metadata.version, listed.metadata.rest, len(text))

    def event(self, line: bytes) -> tuple[str, Raw]:
        """Return an event's type, and its object, still to be read."""
        event = _EVENTS.decode(line)
        return event.type, event.object

    def read(self, raw: Raw) -> Mapping[str, Any]:
        """Return what is read of an object."""
        body: Mapping[str, Any] = self._objects.decode(raw)
        return body


def whole(raw: Raw) -> Mapping[str, Any]:
    """Return an object with everything in it, such as the Status of an ERROR."""
    body: Mapping[str, Any] = _WHOLE.decode(raw)
    return body

"""Read the API server's audit log: who asked for what, one `Request` an answered request.

The only honest count of a client's requests is the server's, never the client's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Request:
    """One answered request. `name` is the object's, "" where the server drew it; `code` the HTTP status."""

    user: str
    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    answered_at: datetime


def read_requests(log: Path, user: str | None = None) -> Iterator[Request]:
    """Yield the requests in the order of their answers, of one user where named.

    A service account is called `system:serviceaccount:<namespace>:<name>`. A last line that is still being
    written is left aside.
    """
    with log.open() as lines:
        for line in lines:
            if line.endswith("\n") and (request := parse_request(line)) and user in (None, request.user):
                yield request


def parse_request(line: str) -> Request | None:
    """Return what one line of the log says, None for the start of a watch, which its end repeats."""
    event = json.loads(line)
    if event["stage"] not in ("ResponseComplete", "Panic"):
        return None
    about = event.get("objectRef", {})
    return Request(
        user=event["user"]["username"],
        verb=event["verb"],
        resource=about.get("resource", ""),
        subresource=about.get("subresource", ""),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        answered_at=datetime.fromisoformat(event["stageTimestamp"]),
    )

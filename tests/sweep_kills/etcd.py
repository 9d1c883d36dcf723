"""Every version of every object below a prefix, as etcd keeps them: a watch does not survive a kill.

Source: etcd's gRPC gateway (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/).
"""

import base64
import json
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from devcluster.controlplane import ControlPlane

KEEP_ALL = "--etcd-compaction-interval=0"
"""The flag with which the API server never lets etcd forget."""


_FENCE = "end-of-history"
FENCE = {
    "metadata": {"name": _FENCE},
    "spec": {
        "suspend": True,
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "none", "image": "none"}]}},
    },
}
"""A Job that is created last."""


@dataclass(frozen=True)
class Change:
    """One write: `version` is 1 for the creation of an object, and 0 for its deletion."""

    revision: int
    key: str
    version: int
    value: bytes

    @property
    def name(self) -> str:
        """Return the object's name."""
        return self.key.rpartition("/")[2]


def sweep_changes(plane: ControlPlane, namespace: str) -> tuple[list[Change], list[Change], list[Change]]:
    """Return all writes of a namespace's sweeps, of its SegCompressionJobs and of its Jobs."""
    sweeps, runs, jobs = (
        changes(plane, f"/registry/{place}/{namespace}/")
        for place in ("segcompress.dev/segcompressionsweeps", "segcompress.dev/segcompressionjobs", "jobs")
    )
    return sweeps, runs, jobs


def changes(plane: ControlPlane, prefix: str) -> list[Change]:
    """Return all writes below a prefix in their order, except that of FENCE.

    The last one must not be a deletion: create FENCE where it may be.
    """
    last = _last_revision(plane, prefix)
    found: list[Change] = []
    if last:
        with closing(_watched(plane, prefix)) as watched:
            for change in watched:
                found.append(change)
                if change.revision == last:
                    break
    return [change for change in found if change.name != _FENCE]


def _watched(plane: ControlPlane, prefix: str) -> Generator[Change, None, None]:
    """Yield the writes below a prefix from the first one on, without an end."""
    create = {"create_request": {**_range(prefix), "start_revision": 1, "fragment": True}}
    with _ask(plane, "/v3/watch", create) as answer:
        while line := answer.readline():
            for event in json.loads(line)["result"].get("events", ()):
                yield _change(event["kv"])


def _change(kv: dict[str, Any]) -> Change:
    """Return an event's change; numbers are text in JSON, and 0 is left out."""
    key = base64.b64decode(kv["key"]).decode()
    value = base64.b64decode(kv.get("value", ""))
    return Change(int(kv["mod_revision"]), key, int(kv.get("version", 0)), value)


def _last_revision(plane: ControlPlane, prefix: str) -> int:
    """Return the revision of the last write of an existing object, 0 if there is none."""
    newest = {"sort_target": "MOD", "sort_order": "DESCEND", "limit": 1, "keys_only": True}
    with _ask(plane, "/v3/kv/range", {**_range(prefix), **newest}) as answer:
        found = json.loads(answer.read())
    return max((int(kv["mod_revision"]) for kv in found.get("kvs", ())), default=0)


@contextmanager
def _ask(plane: ControlPlane, path: str, body: dict[str, Any]) -> Iterator[HTTPResponse]:
    """Send a request, and close its connection in the end."""
    trust = plane.etcd_trust
    if trust is None:
        raise RuntimeError("etcd does not run")
    address = urlsplit(plane.etcd_url).netloc
    with closing(HTTPSConnection(address, context=trust.context(), timeout=60)) as connection:
        connection.request("POST", path, json.dumps(body))
        with connection.getresponse() as answer:
            yield answer


def _range(prefix: str) -> dict[str, str]:
    end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return {"key": _encoded(prefix), "range_end": _encoded(end)}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

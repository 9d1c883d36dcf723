"""Copies of one run, written straight into etcd: 10,000 resources with Job and Pod in seconds.

The API server reads JSON from its store as well as its own encoding, and tells every watch of it.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.request import Request
from uuid import uuid4

from devcluster.controlplane import ControlPlane
from devcluster.probes import fetch
from integration.operator.objects import Body
from segcompress_operator.resources.names import runner_job_name

ORIGINAL = "the-original-run"
"""Name of the run that is copied, found nowhere else in its objects."""

Pair = tuple[str, str]
"""Key and value."""

_PREFIXES = ("segcompress.dev/segcompressionjobs", "jobs", "pods")
_PUTS_AT_ONCE = 90
"""etcd takes 128 in one transaction."""


@dataclass(frozen=True)
class Run:
    """The objects of one run, as the API server shows them."""

    resource: Body
    job: Body
    pod: Body

    @property
    def objects(self) -> tuple[Body, Body, Body]:
        """All of them, in the order of _PREFIXES."""
        return self.resource, self.job, self.pod


def fill(plane: ControlPlane, run: Run, namespace: str, count: int) -> None:
    """Write `count` copies of the run into a namespace."""
    put(plane, (pair for number in range(count) for pair in copies(run, namespace, f"run-{number}")))


def put(plane: ControlPlane, pairs: Iterator[Pair]) -> None:
    """Write keys and values into etcd."""
    while batch := list(islice(pairs, _PUTS_AT_ONCE)):
        _put(plane, batch)


def copies(run: Run, namespace: str, name: str) -> Iterator[Pair]:
    """Yield key and value of a copy of the run under another name: of its resource, its Job and its Pod."""
    uid = str(uuid4())
    meta = run.resource["metadata"]
    changes = {
        meta["uid"]: uid,
        run.job["metadata"]["uid"]: str(uuid4()),
        run.pod["metadata"]["uid"]: str(uuid4()),
        run.job["metadata"]["name"]: runner_job_name(name, uid, 1),
        ORIGINAL: name,
        meta["namespace"]: namespace,
    }
    for prefix, original in zip(_PREFIXES, run.objects, strict=True):
        bare = {key: value for key, value in original["metadata"].items() if key != "resourceVersion"}
        text = json.dumps({**original, "metadata": bare})
        for old, new in changes.items():
            text = text.replace(old, new)
        yield f"/registry/{prefix}/{namespace}/{json.loads(text)['metadata']['name']}", text


def _put(plane: ControlPlane, pairs: Iterable[Pair]) -> None:
    puts = [{"requestPut": {"key": _encoded(key), "value": _encoded(value)}} for key, value in pairs]
    request = Request(  # noqa: S310 - the address of an etcd that was started here
        f"{plane.etcd_url}/v3/kv/txn", data=json.dumps({"success": puts}).encode(), method="POST"
    )
    fetch(request.full_url, plane.etcd_trust, request)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

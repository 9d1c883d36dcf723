"""Bodies read as the streams read them, and every fact that is kept of one."""

import json
from datetime import UTC, datetime
from typing import Any

from msgspec import Raw

from segcompress_operator.planning import parsing
from segcompress_operator.planning.bodies import JobBody, PodBody, ResourceBody
from segcompress_operator.planning.observed import ObservedJob, ObservedPod, Resource
from segcompress_operator.watching.decoding import Reader

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BARE: dict[str, Any] = {"metadata": {"uid": "u", "name": "n"}}
OWNED = {"ownerReferences": [{"uid": "watcher"}, {"uid": "owner", "controller": True}]}


def read(kind: type, body: Any) -> Any:
    return Reader(kind).read(Raw(json.dumps(body).encode()))


def parse_resource(body: Any) -> Resource:
    return parsing.parse_resource(read(ResourceBody, body))


def parse_job(body: Any) -> ObservedJob:
    return parsing.parse_job(read(JobBody, body))


def parse_pod(body: Any) -> ObservedPod:
    return parsing.parse_pod(read(PodBody, body))


def moment(second: int) -> datetime:
    return datetime(2026, 11, 1, 12, 0, second, tzinfo=UTC)


def said(second: int) -> str:
    return f"2026-11-01T12:00:{second:02}Z"


META: dict[str, Any] = {
    "uid": "u",
    "name": "n",
    "namespace": "vision",
    "generation": 3,
    "resourceVersion": "12",
    "creationTimestamp": said(1),
    "deletionTimestamp": said(2),
}


def facts(record: object) -> dict[str, Any]:
    """Return every field, those that two equal records may differ in as well."""
    return {name: getattr(record, name) for name in record.__slots__}  # type: ignore[attr-defined]

"""What is left when a run has come to rest, in words that are the same in every run."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from faults.history import JOBS, PODS, RESOURCES
from segcompress_api.naming import short_hash

Body = Mapping[str, Any]
Objects = Mapping[str, Iterable[Body]]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def end_state(objects: Objects, uids: Iterable[str]) -> str:
    """Return resources, Jobs and Pods as JSON, without what names one run: times, and `uids` in their order.

    Pods are told by name and phase alone: nobody but the operator's own writes is looked at closely.
    """
    state = {
        "resources": [_resource(body) for body in _sorted(objects[RESOURCES])],
        "jobs": [_job(body) for body in _sorted(objects[JOBS])],
        "pods": [
            f"{_name(body)} {(body.get('status') or {}).get('phase')}" for body in _sorted(objects[PODS])
        ],
    }
    text = json.dumps(state, indent=1, sort_keys=True)
    for number, uid in enumerate(uids, start=1):
        text = text.replace(short_hash(uid), f"HASH{number}").replace(uid, f"UID{number}")
    return _TIME.sub("TIME", text)


def difference(reference: str, state: str) -> str:
    """Return the lines that only one of two end states has."""
    before, after = reference.splitlines(), state.splitlines()
    lost = [f"-{line.strip()}" for line in before if line not in after]
    new = [f"+{line.strip()}" for line in after if line not in before]
    return " ".join([*lost, *new]) or "the same lines in another order"


def _resource(body: Body) -> Body:
    meta, status = body["metadata"], dict(body.get("status") or {})
    status["conditions"] = sorted(status.get("conditions") or (), key=lambda each: str(each["type"]))
    if "attempts" in status:  # an end that nobody saw is not remembered
        status["attempts"] = {k: v for k, v in status["attempts"].items() if k != "preemptedUntil"}
    return {"name": meta["name"], "generation": meta["generation"], "status": status}


def _job(body: Body) -> Body:
    meta, spec, status = body["metadata"], body["spec"], body.get("status") or {}
    owners = [str(each["uid"]) for each in meta.get("ownerReferences") or ()]
    ours = {key: value for key, value in (meta.get("labels") or {}).items() if "segcompress" in key}
    ends = [each["type"] for each in status.get("conditions") or () if each["status"] == "True"]
    ttl = spec.get("ttlSecondsAfterFinished")
    return {"name": meta["name"], "labels": ours, "owners": owners, "ttl": ttl, "ends": sorted(ends)}


def _sorted(bodies: Iterable[Body]) -> list[Body]:
    return sorted(bodies, key=_name)


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])

"""Sends hostile resources to an API server where the operator runs, and tells what became of each."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hostile.case import Case
from integration.operator import objects
from integration.operator.api import KINDS, Api, ApiError, Body, eventually
from segcompress_api.contract import RUN_CONFIG_ANNOTATION, RunConfig
from segcompress_api.job import JobSpec

_PATIENCE_SECONDS = 300.0
"""Only so that a failing test ends."""

_OWN_LABELS = ("app.kubernetes.io/instance", "segcompress.dev/job-name")
"""They hold the resource's name."""


@dataclass(frozen=True)
class Ended:
    """What became of a case: why it was refused ("" where it was taken), the resource, and its Jobs."""

    refusal: str
    resource: Body
    jobs: list[Body]

    def condition(self, type_: str) -> Body:
        """Return one of the resource's conditions, empty where it is not set."""
        conditions = self.resource.get("status", {}).get("conditions", ())
        return next((one for one in conditions if one["type"] == type_), {})


def body_of(case: Case, name: str) -> bytes:
    """Return the case's resource as JSON; it is called `name` where the case names none."""
    body = copy.deepcopy(objects.resource(name))
    for path, value in case.changes.items():
        _set(body, path, value)
    text = json.dumps(body)
    for path, value in case.json.items():
        _set(body, path, "@json@")
        text = json.dumps(body).replace('"@json@"', value)
    return text.encode()


def _set(body: Body, path: str, value: object) -> None:
    *parents, last = path.split(".")
    for part in parents:
        body = body.setdefault(part, {})
    body[last] = value


def play(api: Api, namespace: str, cases: Mapping[str, Case]) -> dict[str, Ended]:
    """Create the resource of each case, and return its end once the operator has seen to all."""
    refusals, uids = dict[str, str](), dict[str, str]()
    for name, case in cases.items():
        validation = "Strict" if case.strict else "Ignore"
        url = f"{KINDS['scj'].format(namespace)}?fieldValidation={validation}"
        try:
            uids[name] = api.request("POST", url, body_of(case, name))["metadata"]["uid"]
        except ApiError as error:
            refusals[name] = str(error)
    resources, jobs = eventually(
        lambda: _seen_to(api, namespace, uids), "all resources seen to", patience=_PATIENCE_SECONDS
    )
    nothing: list[Body] = []
    return {
        name: Ended(
            refusals.get(name, ""),
            resources.get(uids.get(name, ""), {}),
            jobs.get(uids.get(name, ""), nothing),
        )
        for name in cases
    }


def _seen_to(
    api: Api, namespace: str, uids: Mapping[str, str]
) -> tuple[dict[str, Body], dict[str, list[Body]]] | None:
    """Return resources and their Jobs by uid, None while one has neither a Job nor an end."""
    resources = {one["metadata"]["uid"]: one for one in api.list("scj", namespace)}
    jobs = dict[str, list[Body]]()
    for job in api.list("jobs", namespace):
        for owner in job["metadata"].get("ownerReferences", ()):
            jobs.setdefault(owner["uid"], []).append(job)
    ended = {uid for uid, one in resources.items() if one["status"].get("phase") == "Failed"}
    return (resources, jobs) if set(uids.values()) <= ended | set(jobs) else None


def differences(job: Body, innocent: Body) -> set[str]:
    """Return the paths at which a Job says something else than that of an innocent resource."""
    one, other = dict(_leaves(_told(job))), dict(_leaves(_told(innocent)))
    return {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}


def _told(job: Body) -> Body:
    """Return what the operator asked for, without names and the RunConfig."""
    spec = copy.deepcopy(job["spec"])
    spec.pop("selector")
    template = spec["template"]["metadata"]
    for meta in (job["metadata"], template):
        kept = {k: v for k, v in meta["labels"].items() if k not in _OWN_LABELS}
        meta["labels"] = {k: v for k, v in kept.items() if "controller-uid" not in k and "job-name" not in k}
    template["annotations"].pop(RUN_CONFIG_ANNOTATION)
    return {**spec, "metadata": {"labels": job["metadata"]["labels"]}}


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    parts: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    found = False
    for name, inner in parts:
        found = True
        yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    if not found:
        yield path, value


def run_config_is_of(job: Body, resource: Body) -> bool:
    """Return whether the pod gets the spec as it is stored, and the names of its resource."""
    text = job["spec"]["template"]["metadata"]["annotations"][RUN_CONFIG_ANNOTATION]
    config, meta = RunConfig.model_validate_json(text), resource["metadata"]
    spec = JobSpec.model_validate_json(json.dumps(resource["spec"]), by_name=False)
    names = (config.namespace, config.name, config.uid)
    return names == (meta["namespace"], meta["name"], meta["uid"]) and config.spec == spec

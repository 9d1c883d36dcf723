"""Every pod that the chart and the operator make passes *restricted*, and needs each field for it."""

import copy
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from integration.chart.helm import Manifest, operator_environment, rendered
from integration.operator import objects
from integration.operator.api import KINDS, Api, ApiError
from segcompress_api.job import JobSpec
from segcompress_operator.resources.names import Owner
from segcompress_operator.resources.runner_pod import make_pod_template
from segcompress_operator.settings import ReportTarget, settings_from

MANIFESTS = rendered(progress__enabled=True, monitoring__dashboard__enabled=True)
TARGET = ReportTarget(
    "https://segcompress-operator.segcompress-system.svc:8443", "10.96.0.7", "a certificate"
)

NEEDED: dict[str, tuple[str, ...]] = {
    "runAsNonRoot": ("securityContext", "runAsNonRoot"),
    "seccompProfile": ("securityContext", "seccompProfile"),
    "allowPrivilegeEscalation": ("containers", "securityContext", "allowPrivilegeEscalation"),
    "capabilities": ("containers", "securityContext", "capabilities"),
}


def pods() -> Iterator[tuple[str, Manifest]]:
    """Yield the pods of the chart by their makers' names, and the runner's."""
    for manifest in MANIFESTS:
        name = f"{manifest['kind']} {manifest['metadata']['name']}"
        if manifest["kind"] == "Pod":
            yield name, {"metadata": {}, "spec": manifest["spec"]}
        elif "template" in manifest.get("spec", {}):
            yield name, manifest["spec"]["template"]
    settings = settings_from(operator_environment(MANIFESTS)).runner
    spec, owner = JobSpec.model_validate(objects.SPEC), Owner("vision", "demo", "6b1f1c36")
    for kind, progress in (("runner", None), ("runner that reports", TARGET)):
        yield kind, make_pod_template(owner, spec, 1, replace(settings, progress=progress))


PODS = dict(pods())


@pytest.fixture(scope="module")
def restricted(api: Api) -> str:
    """Return the address that pods of a restricted namespace are tried at."""
    name = f"restricted-{os.urandom(2).hex()}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    return KINDS["pods"].format(name) + "?dryRun=All"


def without(pod: Manifest, path: tuple[str, ...]) -> Manifest:
    """Return the pod without a field of its own, or of each of its containers."""
    changed = copy.deepcopy(pod)
    *parents, last = path
    for holder in _holders(changed["spec"], parents):
        del holder[last]
    return changed


def _holders(part: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(part, list):
        for inner in part:
            yield from _holders(inner, path)
    elif path:
        yield from _holders(part[path[0]], path[1:])
    else:
        yield part


def tried(pod: Manifest) -> Manifest:
    """Return a pod to create; its account is what the API server would write there by itself."""
    return {
        "metadata": {**pod["metadata"], "name": "tried"},
        "spec": {"serviceAccountName": "default", **pod["spec"]},
    }


def test_those_are_all_pods() -> None:
    made = {name.partition(" ")[0] for name in PODS}
    assert made == {"Deployment", "Pod", "runner"}


@pytest.mark.parametrize("name", PODS)
def test_pod_is_taken(api: Api, restricted: str, name: str) -> None:
    assert api.request("POST", restricted, tried(PODS[name]))["metadata"]["name"] == "tried"


@pytest.mark.parametrize("field", NEEDED)
@pytest.mark.parametrize("name", PODS)
def test_pod_without_one_field_is_refused(api: Api, restricted: str, name: str, field: str) -> None:
    with pytest.raises(ApiError, match=rf'violates PodSecurity \\"restricted.*{field}') as caught:
        api.request("POST", restricted, tried(without(PODS[name], NEEDED[field])))
    assert caught.value.status == 403

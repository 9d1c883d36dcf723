"""What an administrator installs before the operator starts: its kinds and its rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from devcluster.controlplane import ControlPlane
from integration.chart.helm import Manifest, of_kind, rendered
from integration.operator.api import Api, ApiError, eventually

CONFLICT = 409
RUNNER = {"repository": "registry.example.com/segcompress-runner", "tag": "test"}
TEAM = "registry.example.com/team"
"""What images may begin with, where the policy is installed."""

_POLICIES = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}
_CRDS = Path(__file__).parents[3] / "crds"


def administrator(plane: ControlPlane) -> Api:
    """Return the administrator's client, with the CRDs and the operator's rights installed."""
    admin = Api(plane.kubeconfig)
    install_crd(admin)
    install_rights(admin, rendered())
    return admin


def install_crd(admin: Api) -> None:
    """Install those CRDs that are not there, and wait until the API server serves them."""
    for path in sorted(_CRDS.glob("*.yaml")):
        _have(
            admin, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", yaml.safe_load(path.read_text())
        )

    def served() -> bool:
        try:
            return [admin.list(kind, "default") for kind in ("scj", "scs")] == [[], []]
        except ApiError:
            return False

    eventually(served, "the CRDs served")


def install_rights(admin: Api, manifests: list[Manifest]) -> None:
    """Create the roles and bindings among the chart's manifests, and the namespaces that they lie in."""
    for manifest in manifests:
        if manifest["apiVersion"] == "rbac.authorization.k8s.io/v1":
            namespace = manifest["metadata"].get("namespace")
            if namespace:
                _have_namespace(admin, namespace)
            place = f"/namespaces/{namespace}" if namespace else ""
            plural = manifest["kind"].lower() + "s"
            admin.request("POST", f"/apis/rbac.authorization.k8s.io/v1{place}/{plural}", manifest)


@contextmanager
def policy_installed(admin: Api) -> Iterator[None]:
    """Let the chart's admission policy hold while the context lasts."""
    manifests = rendered(runner__image=RUNNER, runner__allowed__imagePrefixes=[TEAM])
    made = []
    for kind, plural in _POLICIES.items():
        url = f"/apis/admissionregistration.k8s.io/v1/{plural}"
        for manifest in of_kind(manifests, kind):
            admin.request("POST", url, manifest)
            made.append(f"{url}/{manifest['metadata']['name']}")
    try:
        yield
    finally:
        for url in reversed(made):
            admin.request("DELETE", url)


def _have_namespace(admin: Api, name: str) -> None:
    _have(admin, "/api/v1/namespaces", {"metadata": {"name": name}})


def _have(admin: Api, url: str, manifest: Manifest) -> None:
    """Create what is not there."""
    try:
        admin.request("POST", url, manifest)
    except ApiError as error:
        if error.status != CONFLICT:
            raise


def operator_rights(manifests: list[Manifest]) -> set[tuple[str, str]]:
    """Return what the operator's roles allow, as (resource, verb)."""
    roles = [
        each
        for each in manifests
        if each["kind"] in ("ClusterRole", "Role") and "-operator" in each["metadata"]["name"]
    ]
    return {
        (resource, verb)
        for role in roles
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }

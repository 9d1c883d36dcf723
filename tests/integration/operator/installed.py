"""What an administrator installs before the operator starts: its kind and its rights."""

from pathlib import Path

import yaml

from integration.chart.helm import Manifest
from integration.operator.api import Api, ApiError, eventually

CONFLICT = 409
_CRD = Path(__file__).parents[3] / "crds/segcompressionjobs.yaml"


def install_crd(admin: Api) -> None:
    """Install the CRD, and wait until the API server serves it."""
    url = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    admin.request("POST", url, yaml.safe_load(_CRD.read_text()))

    def served() -> bool:
        try:
            admin.list("scj", "default")
        except ApiError:
            return False
        return True

    eventually(served, "the CRD served")


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


def _have_namespace(admin: Api, name: str) -> None:
    try:
        admin.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
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

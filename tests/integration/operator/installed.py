"""What an administrator installs before the operator starts: its kind and its rights."""

from pathlib import Path

import yaml

from integration.chart.helm import Manifest
from integration.operator.api import Api, ApiError, eventually

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
    """Create the roles and bindings among the chart's manifests."""
    for manifest in manifests:
        if manifest["apiVersion"] == "rbac.authorization.k8s.io/v1":
            namespace = manifest["metadata"].get("namespace")
            place = f"/namespaces/{namespace}" if namespace else ""
            plural = manifest["kind"].lower() + "s"
            admin.request("POST", f"/apis/rbac.authorization.k8s.io/v1{place}/{plural}", manifest)


def operator_rights(manifests: list[Manifest]) -> set[tuple[str, str]]:
    """Return what the operator's ClusterRole allows, as (resource, verb)."""
    (role,) = [
        each
        for each in manifests
        if each["kind"] == "ClusterRole" and each["metadata"]["name"].endswith("-operator")
    ]
    return {
        (resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]
    }

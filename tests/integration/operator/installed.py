"""What an administrator installs before the operator starts: its kind and its rights."""

from pathlib import Path

import yaml

from integration.operator.api import Api, ApiError, eventually
from integration.operator.process import OPERATOR_USER, RULES

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


def install_rights(admin: Api) -> None:
    """Bind the rules of the chart to the operator's user."""
    url = "/apis/rbac.authorization.k8s.io/v1"
    admin.request("POST", f"{url}/clusterroles", {"metadata": {"name": "operator"}, "rules": RULES})
    binding = {
        "metadata": {"name": "operator"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "operator"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": OPERATOR_USER}],
    }
    admin.request("POST", f"{url}/clusterrolebindings", binding)

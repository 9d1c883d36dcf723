"""etcd and kube-apiserver for all runs at once, and one watch of each kind that tells every run its part."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devcluster.controlplane import ControlPlane
from faults.history import JOBS, PODS, RESOURCES, Version
from faults.namespace import Namespace
from integration.chart.helm import rendered
from integration.operator.api import Api as AdminApi
from integration.operator.async_api import Api, Body
from integration.operator.installed import install_crd, install_rights
from integration.operator.process import OPERATOR_USER

_COLLECTIONS = {
    RESOURCES: "/apis/segcompress.dev/v1alpha1/segcompressionjobs",
    JOBS: "/apis/batch/v1/jobs",
    PODS: "/api/v1/pods",
}
FLAGS = ("--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000")


class Plane:
    """Makes namespaces, and hands each what happens in it. `operator` has the rights that the chart gives."""

    def __init__(self, admin: Api, operator: Api) -> None:
        self.operator = operator
        self._admin = admin
        self._namespaces: dict[str, Namespace] = {}
        self._numbers = itertools.count(1)

    @staticmethod
    @asynccontextmanager
    async def on(control: ControlPlane) -> AsyncIterator["Plane"]:
        """Use a control plane on which the CRD and the operator's rights are installed."""
        user = control.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
        async with Api(control.kubeconfig) as admin, Api(user) as operator, asyncio.TaskGroup() as group:
            plane = Plane(admin, operator)
            watches = [
                group.create_task(plane._watch(plural, await admin.version(url)))
                for plural, url in _COLLECTIONS.items()
            ]
            yield plane
            for watch in watches:
                watch.cancel()

    async def namespace(self) -> Namespace:
        """Make a namespace."""
        name = f"run-{next(self._numbers)}"
        await self._admin.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        made = self._namespaces[name] = Namespace(self._admin, name)
        return made

    def forget(self, namespace: Namespace) -> None:
        """Tell a namespace nothing more."""
        del self._namespaces[namespace.name]

    async def _watch(self, plural: str, since: str) -> None:
        async for type_, body in self._admin.watch(_COLLECTIONS[plural], since):
            namespace = self._namespaces.get(body["metadata"]["namespace"])
            if namespace is not None:
                namespace.take(Version(plural, type_, body))


def installed(folder: Path) -> ControlPlane:
    """Start a control plane with the CRD and the operator's rights; the caller stops it."""
    control = ControlPlane(folder, extra_flags=FLAGS)
    control.start()
    admin = AdminApi(control.kubeconfig)
    install_crd(admin)
    install_rights(admin, [*rendered(), *_any_lease()])
    return control


def _any_lease() -> list[Body]:
    """Return the right on all Leases: the chart gives that on one, and here each run has its own."""
    group, name = "rbac.authorization.k8s.io", {"name": "any-lease"}
    rule = {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["create", "get", "patch"],
    }
    subject = {"apiGroup": group, "kind": "User", "name": OPERATOR_USER}
    role = {"apiGroup": group, "kind": "ClusterRole", **name}
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": name, "rules": [rule]},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": name,
            "subjects": [subject],
            "roleRef": role,
        },
    ]

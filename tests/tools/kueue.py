"""Kueue's own manager, installed by its own chart; only its pod is played: a process on this machine.

Its webhooks are called by the API server under their Service's name, with the certificate that the manager
makes itself. The Service is an ExternalName, since no proxy serves addresses of Services here.
"""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from devcluster.controlplane import ControlPlane
from devcluster.layout import Layout
from devcluster.ports import LOOPBACK, free_ports
from devcluster.probes import HttpProbe
from devcluster.processes import Program, Supervisor
from integration.api.kubectl import Kubectl
from integration.operator.api import Api, eventually

NAMESPACE = "kueue-system"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:kueue-controller-manager"
_SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/kueue-webhook-server-cert"
_CONFIG = "controller_manager_config.yaml"
_PLAYED = ("Deployment", "APIService")
"""What is not installed: the manager's pod, and its server of listings, which is switched off."""

Manifest = dict[str, Any]


def rendered(chart: Path) -> list[Manifest]:
    """Return the manifests of Kueue's chart."""
    helm = Layout.from_environment(os.environ).bin / "helm"
    command = (helm, "template", "kueue", chart, "-n", NAMESPACE, "--kube-version", "1.36.0")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def reached_at(manifests: list[Manifest], port: int) -> list[Manifest]:
    """Return what is installed, with the webhooks at that port of this machine."""
    kept = [manifest for manifest in manifests if manifest["kind"] not in _PLAYED]
    for manifest in kept:
        for client in _clients(manifest):
            client["service"]["port"] = port
        if manifest["metadata"]["name"] == "kueue-webhook-service":
            manifest["spec"] = {"type": "ExternalName", "externalName": "localhost"}
    return kept


def _clients(manifest: Manifest) -> list[Manifest]:
    webhooks = manifest.get("webhooks") or ()
    conversion = (
        manifest["spec"].get("conversion") if manifest["kind"] == "CustomResourceDefinition" else None
    )
    return [
        *(w["clientConfig"] for w in webhooks),
        *([conversion["webhook"]["clientConfig"]] if conversion else ()),
    ]


def configuration(manifests: list[Manifest], certificates: Path, webhook: int, health: int) -> Manifest:
    """Return the chart's configuration of the manager, at other addresses and without a standby."""
    (found,) = (m for m in manifests if m["kind"] == "ConfigMap" and _CONFIG in m["data"])
    config: Manifest = yaml.safe_load(found["data"][_CONFIG])
    return config | {
        "webhook": {"port": webhook, "host": LOOPBACK, "certDir": str(certificates)},
        "health": {"healthProbeBindAddress": f"{LOOPBACK}:{health}"},
        "metrics": {"bindAddress": "0"},
        "leaderElection": {"leaderElect": False},
    }


@dataclass(frozen=True)
class Kueue:
    """Kueue, installed by its chart on a control plane; `folder` holds what its manager's pod would mount."""

    plane: ControlPlane
    manifests: list[Manifest]
    manager: Path
    webhook: int
    health: int
    folder: Path

    @classmethod
    def install(cls, plane: ControlPlane, chart: Path, manager: Path, folder: Path) -> Self:
        """Install the chart, with webhooks that the program `manager` serves while it runs."""
        webhook, health = free_ports(2)
        manifests = rendered(chart)
        kubectl = Kubectl(
            Layout.from_environment(os.environ).bin / "kubectl", plane.kubeconfig, folder / "kubectl"
        )
        Api(plane.kubeconfig).request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        _install(kubectl, reached_at(manifests, webhook))
        return cls(plane, manifests, manager, webhook, health, folder)

    @contextmanager
    def running(self, settings: Manifest) -> Iterator[None]:
        """Run the manager with the rights of its service account; `settings` go into its configuration."""
        supervisor = Supervisor(self.folder / "processes", self.folder, tied=True)
        program = self._program(settings)
        supervisor.start(program)
        try:
            _mount(Api(self.plane.kubeconfig), self.folder / "certificates")
            supervisor.await_ready([program])
            yield
        finally:
            supervisor.stop(program.name)

    def _program(self, settings: Manifest) -> Program:
        file = self.folder / "kueue.json"
        config = configuration(self.manifests, self.folder / "certificates", self.webhook, self.health)
        user = self.plane.kubeconfig_for(ACCOUNT, ["system:authenticated"])
        gates = "--feature-gates=VisibilityOnDemand=false"
        return Program(
            name="kueue",
            argv=(str(self.manager), f"--config={file}", f"--kubeconfig={user}", "--zap-log-level=2", gates),
            probe=HttpProbe(f"http://{LOOPBACK}:{self.health}/readyz"),
            files={file: json.dumps(config | settings)},
        )


def _install(kubectl: Kubectl, manifests: list[Manifest]) -> None:
    for namespace in (NAMESPACE, "kube-system"):
        mine = [m for m in manifests if m["metadata"].get("namespace", NAMESPACE) == namespace]
        answer = kubectl.send(
            "apply", {"apiVersion": "v1", "kind": "List", "items": mine}, "--server-side", "-n", namespace
        )
        assert answer.code == 0, answer.err


def _mount(admin: Api, folder: Path) -> None:
    """Bring the Secret of the manager's certificate to its pod, as the kubelet does."""
    data = eventually(lambda: admin.request("GET", _SECRET).get("data"), "the manager's certificate")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in data.items():
        (folder / name).write_bytes(base64.b64decode(text))

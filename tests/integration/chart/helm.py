"""The chart as helm renders it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from devcluster.layout import Layout

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "segcompress"
NAMESPACE = "segcompress-system"

SERVICE_ADDRESS = "10.96.0.7"
REGISTRY = "registry.example.com/segcompress"

Manifest = dict[str, Any]


class HelmError(Exception):
    """What helm says where it refuses the values."""


def rendered(*, release: str = "segcompress", namespace: str = NAMESPACE, **values: Any) -> list[Manifest]:
    """Return the manifests of the chart; keys are dotted paths of values, with `__` for a dot.

    Both images are of `REGISTRY` where the values name none.
    """
    return _rendered(release, namespace, (), values)


def rendered_in(kubeconfig: Path, release: str = "segcompress") -> list[Manifest]:
    """Return the manifests as they would be installed in a cluster, what is there already looked up."""
    return _rendered(release, NAMESPACE, ("--dry-run=server", "--kubeconfig", str(kubeconfig)), {})


def _rendered(release: str, namespace: str, flags: tuple[str, ...], values: dict[str, Any]) -> list[Manifest]:
    helm = Layout.from_environment(os.environ).bin / "helm"
    command = [str(helm), "template", release, str(CHART), "-n", namespace, "--kube-version", "1.31.0"]
    named = {"image__repository": f"{REGISTRY}/operator", "runner__image__repository": f"{REGISTRY}/runner"}
    values = named | values
    settings = [f"--set-json={key.replace('__', '.')}={json.dumps(value)}" for key, value in values.items()]
    done = subprocess.run([*command, *settings, *flags], capture_output=True, text=True, check=False)
    if done.returncode:
        raise HelmError(done.stderr)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Return the manifests of one kind."""
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def operator_environment(manifests: list[Manifest]) -> dict[str, str]:
    """Return the environment of the operator's container, with its Service's address, as a kubelet does."""
    (deployment,) = of_kind(manifests, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (service,) = of_kind(manifests, "Service")
    variable = service["metadata"]["name"].upper().replace("-", "_") + "_SERVICE_HOST"
    links = pod_links(deployment, {f"$({variable})": SERVICE_ADDRESS})
    return {entry["name"]: links.get(entry["value"], entry["value"]) for entry in container["env"]}


def pod_links(deployment: Manifest, links: dict[str, str]) -> dict[str, str]:
    """Return `links` where the pods get variables for the Services of their namespace."""
    return links if deployment["spec"]["template"]["spec"]["enableServiceLinks"] else {}

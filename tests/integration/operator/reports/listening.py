"""Operators that receive reports from pods, and the reports of a pod's runner."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from certified import certified
from devcluster.controlplane import ControlPlane
from devcluster.ports import free_ports
from integration.chart.helm import NAMESPACE
from integration.operator.api import Api, Body
from integration.operator.process import OPERATOR_USER, Operator
from segcompress_api.contract import RUN_CONFIG_ANNOTATION, RunConfig
from segcompress_api.progress import ProgressReport
from segcompress_runner.reporting import OperatorClient

SERVICE = "segcompress-operator"


class Start(Protocol):
    """Ends the operator that runs, and starts another with the same certificate."""

    def __call__(self, changes: Mapping[str, str] = ...) -> Operator:
        """Return the operator; `changes` are settings of this one only."""


def progress_settings(api: Api, folder: Path) -> Mapping[str, str]:
    """Return the settings of operators that receive reports, one after another at one address."""
    (port,) = free_ports(1)
    return {
        "SEGCOMPRESS_PROGRESS_ADDRESS": made_service(api),
        "SEGCOMPRESS_PROGRESS_SERVICE": f"{NAMESPACE}/{SERVICE}",
        "SEGCOMPRESS_PROGRESS_URL": f"https://localhost:{port}",
        "SEGCOMPRESS_PROGRESS_PORT": str(port),
        "SEGCOMPRESS_PROGRESS_TLS": str(certified(folder)),
    }


@contextmanager
def operators(plane: ControlPlane, api: Api, folder: Path) -> Iterator[Start]:
    """Return what starts one operator after another; the last one ends with the context."""
    settings = progress_settings(api, folder)
    kubeconfig = plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
    running: list[Operator] = []

    def start(changes: Mapping[str, str] = MappingProxyType({})) -> Operator:
        for operator in running:
            operator.kill()
        running.append(Operator(kubeconfig, folder / f"{len(running)}.log", (), {**settings, **changes}))
        return running[-1]

    yield start
    for operator in running:
        operator.kill()


def made_service(api: Api) -> str:
    """Create the operator's Service, and return its address."""
    body = {"metadata": {"name": SERVICE}, "spec": {"ports": [{"port": 8443}]}}
    made = api.request("POST", f"/api/v1/namespaces/{NAMESPACE}/services", body)
    return str(made["spec"]["clusterIP"])


def make_namespace(api: Api) -> str:
    name = f"progress-{os.urandom(3).hex()}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    return name


def tells(pod: Body, token: str, path: Path, report: ProgressReport) -> None:
    """Send as the pod's runner does, to where its RunConfig says; `path` holds the token meanwhile."""
    path.write_text(token)
    config = RunConfig.model_validate_json(pod["metadata"]["annotations"][RUN_CONFIG_ANNOTATION])
    assert config.progress is not None
    OperatorClient(config.progress, pod["metadata"]["uid"], path).send(report)

"""One operator whose rights lack one verb, and the scenarios that it does not bring to their end."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from certified import certified
from devcluster.audit import read_requests
from devcluster.controlplane import ControlPlane
from devcluster.ports import free_ports
from integration.chart.helm import NAMESPACE, operator_environment, rendered
from integration.operator.api import Api, ApiError
from integration.operator.installed import install_rights
from integration.operator.process import Operator
from integration.operator.stage import Stage
from rights.rights import Right, without
from rights.scenarios import LEASE_SECONDS, SCENARIOS, Help, Scenario

CONTROLLERS = (
    "job-controller",
    "garbage-collector-controller",
    "ttl-after-finished-controller",
    "serviceaccount-controller",
)
PATIENCE_SECONDS = 40.0
"""How long a scenario may take; without a verb missing, all must end in time."""

_FORBIDDEN = 403


@dataclass(frozen=True)
class Verdict:
    """What failed without a right, and how often the API server refused that request."""

    right: Right | None
    failed: tuple[str, ...]
    refused: int


class Trials:
    """Tries rights on one control plane, on which the CRD is installed; files go to `folder`."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self._plane = plane
        self._admin = Api(plane.kubeconfig)
        self._folder = folder

    def tries(
        self,
        right: Right | None,
        scenarios: Sequence[Scenario] = SCENARIOS,
        patience: float = PATIENCE_SECONDS,
    ) -> Verdict:
        """Run an operator without `right` (None: with all), and return what failed."""
        release = f"r{os.urandom(3).hex()}"
        manifests = rendered(release=release, crds__install=False, serviceAccount__name=release)
        install_rights(self._admin, manifests if right is None else without(manifests, right))
        environment = operator_environment(manifests)
        user = f"system:serviceaccount:{NAMESPACE}:{release}"
        stages = [self._stage(f"{release}-{number}", patience) for number, _ in enumerate(scenarios)]
        folder = self._folder / release
        folder.mkdir()
        health, port = free_ports(2)
        help_ = Help(folder, f"http://localhost:{health}/readyz", environment["SEGCOMPRESS_PROGRESS_SERVICE"])
        settings = {
            **_reports(folder, port),
            "SEGCOMPRESS_PROGRESS_SERVICE": help_.service,
            "SEGCOMPRESS_LEASE": environment["SEGCOMPRESS_LEASE"],
            "SEGCOMPRESS_LEASE_SECONDS": str(LEASE_SECONDS),
            "SEGCOMPRESS_HEALTH_PORT": str(health),
        }
        operator = self._operator(user, stages, folder, settings)
        try:
            with ThreadPoolExecutor(len(scenarios)) as pool:
                ended = pool.map(
                    lambda each: _failure(each[0], each[1], help_), zip(scenarios, stages, strict=True)
                )
                failed = tuple(name for name in ended if name)
        finally:
            operator.kill()
        return Verdict(right, failed, 0 if right is None else self._refusals(user, right))

    def _stage(self, namespace: str, patience: float) -> Stage:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self._admin.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace, "labels": labels}})
        return Stage(self._admin, namespace, patience=patience)

    def _operator(
        self, user: str, stages: Sequence[Stage], folder: Path, settings: dict[str, str]
    ) -> Operator:
        kubeconfig = self._plane.kubeconfig_for(user, ["system:authenticated"])
        namespaces = [stage.namespace for stage in stages]
        return Operator(kubeconfig, folder / "log", namespaces, settings)

    def _refusals(self, user: str, right: Right) -> int:
        """Count how often the API server refused what the right would have allowed."""
        return sum(
            each.verb == right.verb
            and f"{each.resource}/{each.subresource}".rstrip("/") == right.resource
            and each.code == _FORBIDDEN
            for each in read_requests(self._plane.audit_log, user)
        )


def _reports(folder: Path, port: int) -> dict[str, str]:
    """Return the settings of an operator that takes reports of progress."""
    return {
        "SEGCOMPRESS_PROGRESS_URL": f"https://localhost:{port}",
        "SEGCOMPRESS_PROGRESS_PORT": str(port),
        "SEGCOMPRESS_PROGRESS_TLS": str(certified(folder)),
    }


def _failure(scenario: Scenario, stage: Stage, help_: Help) -> str:
    """Return the scenario's name where it does not come to its end."""
    try:
        scenario.act(stage, help_)
    except (AssertionError, ApiError):
        return scenario.name
    return ""

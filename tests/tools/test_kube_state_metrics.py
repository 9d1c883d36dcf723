"""What kube-state-metrics makes of each state with our example, from the resources of a real API server."""

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from devcluster.controlplane import ControlPlane
from devcluster.ports import LOOPBACK, free_ports
from devcluster.probes import HttpProbe, fetch
from devcluster.processes import Program, Supervisor
from documents import ROOT
from integration.operator.api import Api, eventually
from segcompress_api.job import KIND
from segcompress_api.sweep import SWEEP_KIND
from state_files import CASES, STATES
from states import State
from tools.checkouts import build, checkout

CONFIG = ROOT / "examples/kube-state-metrics/config.yaml"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
USER = "kube-state-metrics"
PREFIXES = {KIND: "segcompress_job_", SWEEP_KIND: "segcompress_sweep_"}
FIGURES = {
    "segcompress_job_miou": ("metrics", "compressed", "miou"),
    "segcompress_job_miou_drop": ("metrics", "miouDrop"),
    "segcompress_job_speedup": ("metrics", "speedup"),
    "segcompress_job_start": ("start",),
    "segcompress_job_attempts_failed": ("attempts", "failed"),
    "segcompress_job_attempts_preempted": ("attempts", "preempted"),
    "segcompress_sweep_trials_running": ("trials", "running"),
    "segcompress_sweep_trials_succeeded": ("trials", "succeeded"),
    "segcompress_sweep_trials_failed": ("trials", "failed"),
    "segcompress_sweep_trials_rejected": ("trials", "rejected"),
    "segcompress_sweep_trials_stopped": ("trials", "stopped"),
}
Samples = dict[tuple[str, ...], float]


def may_read(api: Api) -> None:
    """Give kube-state-metrics the rights that the example names, and no others."""
    rules = [
        {
            "apiGroups": ["segcompress.dev"],
            "resources": ["segcompressionjobs", "segcompressionsweeps"],
            "verbs": ["list", "watch"],
        },
        {
            "apiGroups": ["apiextensions.k8s.io"],
            "resources": ["customresourcedefinitions"],
            "verbs": ["list", "watch"],
        },
    ]
    api.request("POST", f"{RBAC}/clusterroles", {"metadata": {"name": USER}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": USER}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}]
    binding = {"metadata": {"name": USER}, "roleRef": role, "subjects": subjects}
    api.request("POST", f"{RBAC}/clusterrolebindings", binding)


@pytest.fixture(scope="module")
def url(
    plane: ControlPlane, written: str, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run kube-state-metrics; return where it answers."""
    assert written
    may_read(api)
    program = build(checkout("SEGCOMPRESS_KUBE_STATE_METRICS"), ".", "kube-state-metrics")
    port, telemetry = free_ports(2)
    folder = tmp_path_factory.mktemp("kube-state-metrics")
    flags = (
        f"--kubeconfig={plane.kubeconfig_for(USER, ['system:authenticated'])}",
        "--custom-resource-state-only=true",
        f"--custom-resource-state-config-file={CONFIG}",
        f"--host={LOOPBACK}",
        f"--port={port}",
        f"--telemetry-host={LOOPBACK}",
        f"--telemetry-port={telemetry}",
    )
    probe = HttpProbe(f"http://{LOOPBACK}:{port}/healthz")
    supervisor = Supervisor(folder / "processes", folder, tied=True)
    exporter = Program("kube-state-metrics", (str(program), *flags), probe)
    supervisor.start(exporter)
    supervisor.await_ready([exporter])
    yield f"http://{LOOPBACK}:{port}/metrics"
    supervisor.stop(exporter.name)


def scrape(url: str) -> dict[str, Metric]:
    families = text_string_to_metric_families(fetch(url, None).decode())
    return {family.name: family for family in families}


@pytest.fixture(scope="module")
def metrics(url: str) -> dict[str, Metric]:
    """Return what is told once every resource is."""
    expected = [(kind, name) for kind, name in CASES if "conditions" in STATES[kind][name]["status"]]

    def all_told() -> dict[str, Metric] | None:
        found = scrape(url)
        conditions = ((kind, found.get(f"{prefix}condition")) for kind, prefix in PREFIXES.items())
        told = {
            (kind, sample.labels["name"])
            for kind, metric in conditions
            if metric
            for sample in metric.samples
        }
        return found if told == set(expected) else None

    return eventually(all_told, "every resource in kube-state-metrics")


def figure(body: State, metric: str) -> float | None:
    found: Any = body["status"]
    for key in FIGURES[metric]:
        found = found.get(key) if isinstance(found, dict) else None
    return None if found is None else float(found)


def samples(metric: Metric, *labels: str) -> Samples:
    return {tuple(each.labels[label] for label in labels): each.value for each in metric.samples}


@pytest.mark.parametrize("kind", STATES)
def test_phase_is_the_one_that_the_resource_says(metrics: dict[str, Metric], kind: str) -> None:
    phase = metrics[f"{PREFIXES[kind]}phase"]
    told = {key: value for key, value in samples(phase, "name", "phase").items() if value}
    phases = {
        (name, body["status"]["phase"]): 1.0
        for name, body in STATES[kind].items()
        if "phase" in body["status"]
    }
    assert told == phases


@pytest.mark.parametrize("kind", STATES)
def test_conditions_hold_that_are_true(metrics: dict[str, Metric], kind: str) -> None:
    expected = {
        (name, condition["type"], condition["reason"]): float(condition["status"] == "True")
        for name, body in STATES[kind].items()
        for condition in body["status"].get("conditions", ())
    }
    assert samples(metrics[f"{PREFIXES[kind]}condition"], "name", "type", "reason") == expected


@pytest.mark.parametrize(
    ("kind", "metric"),
    [(kind, metric) for kind, prefix in PREFIXES.items() for metric in FIGURES if metric.startswith(prefix)],
)
def test_figures_are_those_of_the_resource(metrics: dict[str, Metric], kind: str, metric: str) -> None:
    found = {(state,): figure(body, metric) for state, body in STATES[kind].items()}
    known = {key: value for key, value in found.items() if value is not None}
    assert samples(metrics[metric], "name") == pytest.approx(known)

"""A control plane with a scheduler, nodes that offer GPUs, Kueue's own manager, and our operator."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from devcluster.layout import Layout
from devcluster.probes import CommandProbe
from devcluster.processes import Program, Supervisor
from integration.chart.helm import of_kind, rendered
from integration.operator.api import Api, Body
from integration.operator.installed import install_crd, install_rights
from integration.operator.process import OPERATOR_USER, Operator
from state_files import CASES, SHORT_NAMES, STATES
from sweep_kills.etcd import KEEP_ALL
from tools.checkouts import build, checkout
from tools.kueue import Kueue
from tools.nodes import Kubelet, add_node
from tools.tenants import QUEUE, Tenant, add_flavor, add_priority

_numbers = count(1)

CONTROLLERS = (
    "job-controller",
    "garbage-collector-controller",
    "ttl-after-finished-controller",
    "pod-garbage-collector-controller",
)
_POLICIES = "/apis/admissionregistration.k8s.io/v1/{}"
RUNNER = {"repository": "registry.example.com/segcompress-runner", "tag": "test"}


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("plane")
    with ControlPlane(folder, controllers=CONTROLLERS, extra_flags=(KEEP_ALL,)) as running:
        yield running


@pytest.fixture(scope="session")
def api(plane: ControlPlane) -> Api:
    """Return the administrator's client, with the operator's CRD, rights and policy installed."""
    admin = Api(plane.kubeconfig)
    install_crd(admin)
    manifests = rendered(runner__image=RUNNER)
    install_rights(admin, manifests)
    for kind, plural in (
        ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
        ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
    ):
        for manifest in of_kind(manifests, kind):
            admin.request("POST", _POLICIES.format(plural), manifest)
    return admin


@pytest.fixture(scope="module")
def written(api: Api) -> Iterator[str]:
    """Return a namespace with a resource in each state of both kinds, called after it.

    They go with the module.
    """
    namespace = f"states-{os.urandom(2).hex()}"
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    for kind, name in CASES:
        short, body = SHORT_NAMES[kind], STATES[kind][name]
        api.create(short, namespace, {**body, "metadata": {"name": name}})
        api.patch(short, namespace, f"{name}/status", {"status": body["status"]})
    yield namespace
    for kind, name in CASES:
        api.delete(SHORT_NAMES[kind], namespace, name)


@pytest.fixture(scope="session")
def scheduler(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("scheduler")
    binary = Layout.from_environment(os.environ).bin / "kube-scheduler"
    flags = (f"--kubeconfig={plane.kubeconfig}", "--leader-elect=false", "--secure-port=0")
    program = Program("kube-scheduler", (str(binary), *flags), CommandProbe(("true",)))
    supervisor = Supervisor(folder / "processes", folder, tied=True)
    supervisor.start(program)
    yield
    supervisor.stop(program.name)


@pytest.fixture(scope="session")
def kueue(plane: ControlPlane, api: Api, scheduler: None, tmp_path_factory: pytest.TempPathFactory) -> Kueue:
    """Return Kueue, installed in a cluster of four GPUs on two nodes."""
    assert scheduler is None
    folder = checkout("SEGCOMPRESS_KUEUE")
    manager = build(folder, "./cmd/kueue", "kueue")
    for name in ("gpu-1", "gpu-2"):
        add_node(api, name, 2)
    return Kueue.install(plane, folder / "charts/kueue", manager, tmp_path_factory.mktemp("kueue"))


@pytest.fixture(scope="module")
def kueue_settings() -> Body:
    """Return what is added to the configuration of Kueue's manager; a module may override it."""
    return {}


@pytest.fixture(scope="module")
def queues(kueue: Kueue, kueue_settings: Body, api: Api) -> Iterator[Api]:
    """Return the administrator's client while Kueue's manager runs."""
    with kueue.running(kueue_settings):
        add_flavor(api)
        add_priority(api, "urgent", 1000)
        yield api


@pytest.fixture
def kubelet(queues: Api) -> Iterator[Kubelet]:
    with Kubelet(queues) as playing:
        yield playing


@pytest.fixture
def start_operator(plane: ControlPlane, api: Api, tmp_path: Path) -> Iterator[Callable[[], Operator]]:
    """Return a function that starts an operator; all of them end with the test."""
    assert api
    kubeconfig = plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
    settings = {"SEGCOMPRESS_ALLOWED_WORKLOAD_PRIORITY_CLASSES": "urgent"}
    running: list[Operator] = []

    def start() -> Operator:
        operator = Operator(kubeconfig, tmp_path / f"operator-{len(running)}.log", (), settings)
        running.append(operator)
        return operator

    yield start
    for operator in running:
        operator.kill()


@pytest.fixture
def suffix() -> str:
    """Return the end of the names that belong to a test alone."""
    return f"-{next(_numbers)}"


@pytest.fixture
def add_namespace(queues: Api, kubelet: Kubelet, suffix: str) -> Iterator[Callable[[str], Tenant]]:
    """Return a function that adds a tenant without quota; after the test, all give back their GPUs."""
    all_: list[Tenant] = []

    def add(name: str) -> Tenant:
        tenant = Tenant(queues, name + suffix)
        all_.append(tenant)
        tenant.install()
        return tenant

    yield add
    kubelet.pulls.clear()
    kubelet.obeys.clear()
    for tenant in all_:
        tenant.leave()


@pytest.fixture
def add_tenant(add_namespace: Callable[[str], Tenant], suffix: str) -> Callable[[str, int], Tenant]:
    """Return a function that adds a tenant with so many GPUs; all share one cohort."""

    def add(name: str, gpus: int) -> Tenant:
        tenant = add_namespace(name)
        tenant.add_quota(f"cohort{suffix}", gpus)
        tenant.add_queue(QUEUE)
        return tenant

    return add


@pytest.fixture
def operator(start_operator: Callable[[], Operator]) -> Operator:
    return start_operator()

"""What cannot be watched: the operator waits for it as long as it takes, and goes on with everything else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from devcluster.controlplane import ControlPlane
from devcluster.ports import LOOPBACK, free_ports
from integration.operator.api import Api, eventually
from integration.operator.installed import install_crd
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings"

Start = Callable[..., "Probed"]


class Probed:
    """An operator and its probes."""

    def __init__(self, kubeconfig: Path, log: Path, *namespaces: str) -> None:
        (self._port,) = free_ports(1)
        self.process = Operator(kubeconfig, log, namespaces, {"SEGCOMPRESS_HEALTH_PORT": str(self._port)})

    def probe(self, path: str) -> tuple[int, str]:
        """Return status and text; 0 where nothing answers."""
        try:
            with urlopen(f"http://{LOOPBACK}:{self._port}{path}") as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except URLError:
            return 0, ""

    def is_ready(self) -> bool:
        return self.probe("/readyz")[0] == 200

    def waits_for(self, words: str) -> None:
        """Wait until it is alive and not ready for that reason."""
        eventually(lambda: words in self.probe("/readyz")[1], f"not ready: {words}")
        assert self.probe("/readyz")[0] == 503
        assert self.probe("/healthz")[0] == 200


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Probed] = []

    def one(kubeconfig: Path, *namespaces: str) -> Probed:
        running.append(Probed(kubeconfig, tmp_path / f"operator-{len(running)}.log", *namespaces))
        return running[-1]

    yield one
    for probed in running:
        probed.process.kill()


@pytest.fixture
def bare_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """Start a control plane of the test's own, without our CRD."""
    with ControlPlane(tmp_path / "plane") as plane:
        yield plane


def allow(admin: Api, namespace: str, user: str) -> None:
    """Give a user the operator's rights in one namespace."""
    rules = [
        {"apiGroups": ["segcompress.dev", "batch", ""], "resources": ["*"], "verbs": ["*"]},
    ]
    role = {"metadata": {"name": "operator"}, "rules": rules}
    admin.request("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles", role)
    binding = {
        "metadata": {"name": "operator"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "operator"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }
    admin.request("POST", BINDINGS.format(namespace), binding)


def test_forbidden_namespace_concerns_itself_alone(
    plane: ControlPlane, api: Api, namespace: str, start: Start
) -> None:
    user, forbidden = f"user-of-{namespace}", f"{namespace[:50]}-2"
    allow(api, namespace, user)
    operator = start(plane.kubeconfig_for(user), forbidden, namespace)
    operator.waits_for(f"segcompressionjobs in namespace {forbidden}: 403")
    stage = Stage(api, namespace)
    stage.apply(spec())
    stage.runs()
    assert f"namespace {forbidden}: cannot be watched" in operator.process.log.read_text()

    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": forbidden}})
    allow(api, forbidden, user)
    eventually(operator.is_ready, "the namespace watched once it may be")
    later = Stage(api, forbidden)
    later.apply(spec())
    later.reaches("Reconciling", "Pending")


def test_missing_kind_is_waited_for(bare_plane: ControlPlane, start: Start) -> None:
    operator = start(bare_plane.kubeconfig)
    operator.waits_for("not installed")
    admin = Api(bare_plane.kubeconfig)
    install_crd(admin)
    eventually(operator.is_ready, "the kind watched")
    first = Stage(admin, "default")
    first.apply(spec())
    first.reaches("Reconciling", "Pending")

    admin.request("DELETE", f"{CRD}/segcompressionjobs.segcompress.dev")
    operator.waits_for("not installed")
    eventually(lambda: first.gone("scj", "demo"), "the kind gone")
    install_crd(admin)
    eventually(operator.is_ready, "the kind watched again")
    again = Stage(admin, "default", "again")
    again.apply(spec())
    again.reaches("Reconciling", "Pending")
    assert operator.process.stop() == 0


def test_outage_is_waited_for_and_sigterm_is_answered_meanwhile(
    bare_plane: ControlPlane, start: Start
) -> None:
    install_crd(Api(bare_plane.kubeconfig))
    seen = start(bare_plane.kubeconfig)
    eventually(seen.is_ready, "a ready operator")
    bare_plane.stop_api_server()
    new = start(bare_plane.kubeconfig)
    seen.waits_for("does not answer")
    eventually(lambda: new.probe("/healthz")[0] == 200, "an operator that lives without an API server")
    assert new.probe("/readyz")[0] == 503
    assert new.process.stop() == 0
    bare_plane.start_api_server()
    eventually(seen.is_ready, "the operator ready again")
    assert seen.process.stop() == 0

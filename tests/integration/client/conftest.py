"""A real kube-apiserver, and the client as its user runs it; the tests act as the operator, or start it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from minio import Minio

from devcluster.controlplane import ControlPlane
from devcluster.objectstore import ObjectStore
from integration.client.kubelet import Kubelet
from integration.client.proxy import TcpProxy
from integration.operator.api import Api, Body
from integration.operator.installed import administrator
from integration.operator.objects import pod_ended, pod_running, resource
from segcompress.client import Client
from unit.runner.publish.publishing import run


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane"), controllers=("job-controller",)) as running:
        yield running


@pytest.fixture(scope="session")
def api(plane: ControlPlane) -> Api:
    return administrator(plane)


@pytest.fixture
def namespace(api: Api) -> str:
    name = f"t-{os.urandom(4).hex()}"
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name


@pytest.fixture
def client(plane: ControlPlane, namespace: str) -> Client:
    return Client.from_kubeconfig(path=plane.kubeconfig, namespace=namespace)


Jane = Callable[..., Client]


@pytest.fixture
def jane(plane: ControlPlane, api: Api, namespace: str) -> Jane:
    """Return a function that creates the client of a user with only these RBAC rules."""

    def client(*rules: Body) -> Client:
        rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
        group = "rbac.authorization.k8s.io"
        subject = {"apiGroup": group, "kind": "User", "name": "jane"}
        role = {"apiGroup": group, "kind": "Role", "name": "jane"}
        bound = {"metadata": {"name": "jane"}, "subjects": [subject], "roleRef": role}
        api.request("POST", f"{rbac}/roles", {"metadata": {"name": "jane"}, "rules": rules})
        api.request("POST", f"{rbac}/rolebindings", bound)
        return Client.from_kubeconfig(path=plane.kubeconfig_for("jane"), namespace=namespace)

    return client


@pytest.fixture
def proxy(plane: ControlPlane, tmp_path: Path) -> Iterator[TcpProxy]:
    with TcpProxy(plane.kubeconfig, tmp_path) as between:
        yield between


@dataclass(frozen=True)
class Terminal:
    """Runs the command as a user does."""

    kubeconfig: Path
    namespace: str
    folder: Path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **environment) as running:
            out, err = running.communicate()
        return subprocess.CompletedProcess(arguments, running.returncode, out, err)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        named = arguments if {"-A", "--help"} & set(arguments) else (*arguments, "-n", self.namespace)
        return subprocess.Popen(
            [sys.executable, "-m", "segcompress", *named],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), **environment},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def own_kubeconfig(self) -> Path:
        """Return a kubeconfig whose context names the namespace, as a user's does."""
        content = yaml.safe_load(self.kubeconfig.read_text())
        content["contexts"][0]["context"]["namespace"] = self.namespace
        path = self.folder / "kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return path


@pytest.fixture
def terminal(plane: ControlPlane, namespace: str, tmp_path: Path) -> Terminal:
    return Terminal(plane.kubeconfig, namespace, tmp_path)


@dataclass(frozen=True)
class Played:
    """A resource whose status the test writes."""

    api: Api
    namespace: str

    def make(self, name: str, status: Body | None = None) -> Body:
        made = self.api.create("scj", self.namespace, resource(name))
        return made if status is None else self.tell(name, status)

    def tell(self, name: str, status: Body) -> Body:
        """Write a status as the operator would."""
        return self.api.patch("scj", self.namespace, f"{name}/status", {"status": status})


@pytest.fixture
def played(api: Api, namespace: str) -> Played:
    return Played(api, namespace)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with ObjectStore(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture
def minio(store: ObjectStore) -> Minio:
    return Minio(store.address, store.access_key, store.secret_key, secure=False, region="us-east-1")


@dataclass(frozen=True)
class Published:
    """A result in a bucket: what a job's status says of it."""

    bucket: str
    artifacts: Body


@pytest.fixture
def published(
    minio: Minio, store: ObjectStore, api: Api, namespace: str, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    """Publish a result in a bucket as a run does, and put the keys of the bucket into the jobs' Secret."""
    folder = tmp_path_factory.mktemp("run")
    minio.make_bucket(namespace)
    artifacts = run(folder, "pod-1").artifacts
    assert artifacts is not None
    for path in (folder / "out").rglob("*"):
        if path.is_file():
            minio.fput_object(namespace, path.relative_to(folder).as_posix(), str(path))
    keys = {"endpoint": store.endpoint, "accessKey": store.access_key, "secretKey": store.secret_key}
    secret = {"metadata": {"name": "object-store"}, "stringData": keys}
    api.create("secrets", namespace, secret)
    wire = json.dumps(artifacts.to_wire()).replace(f"file://{folder}/", f"s3://{namespace}/")
    return Published(namespace, json.loads(wire))


@pytest.fixture
def kubelet(plane: ControlPlane, api: Api, namespace: str) -> Iterator[Kubelet]:
    with Kubelet(plane.directory / "pki", api, f"node-{namespace}") as running:
        yield running


class Pod:
    """A job's pod on the kubelet's node; `job` is the name of its batch/v1 Job."""

    def __init__(self, played: Played, kubelet: Kubelet, job: str) -> None:
        self._played, self._name = played, f"{job}-x7k2p"
        labels = {"batch.kubernetes.io/job-name": job}
        container = {"name": "runner", "image": "runner"}
        spec = {"containers": [container], "nodeName": kubelet.node, "restartPolicy": "Never"}
        body = {"metadata": {"name": self._name, "labels": labels}, "spec": spec}
        played.api.create("pods", played.namespace, body)

    def runs(self) -> None:
        self._tell(pod_running())

    def ends(self) -> None:
        self._tell(pod_ended(0))

    def _tell(self, status: Body) -> None:
        self._played.api.patch("pods", self._played.namespace, f"{self._name}/status", status)

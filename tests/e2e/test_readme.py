"""The command blocks that need a cluster, run as they are written; only addresses are replaced."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from demo.jobs import NAMESPACE as DEMO_NAMESPACE
from demo.target import SYSTEM_NAMESPACE, Target, prepare_target
from devcluster.layout import Addresses
from devcluster.registry import Registry, address_on
from documents import ROOT, block, run
from e2e.kube import Kube, Operator, eventually
from e2e.specs import spec
from e2e.stage import RESOLVED, Stage
from segcompress_api.job import KIND

EXAMPLE_REGISTRY = "registry.example.com"


@pytest.fixture
def registry(target: Target, tmp_path: Path) -> Iterator[str]:
    """Return the address of a registry that this machine pushes to and the node pulls from."""
    if target.context:
        pytest.skip("not run: the nodes of a cluster of your own cannot be made to pull from this machine")
    address = address_on(Addresses.from_environment(os.environ))
    with Registry(tmp_path / "registry", address):
        yield address


def environment(kube: Kube, namespace: str, folder: Path) -> dict[str, str]:
    """Return the variables under which kubectl and helm reach the cluster, in that namespace."""
    config = json.loads(kube("config", "view", "--minify", "--raw", "-o", "json"))
    config["contexts"][0]["context"]["namespace"] = namespace
    (folder / "kubeconfig").write_text(json.dumps(config))
    return {**kube.target.env, "KUBECONFIG": str(folder / "kubeconfig")}


@pytest.mark.usefixtures("scenarios_over")
def test_install_from_a_registry(kube: Kube, stage: Stage, registry: str, tmp_path: Path) -> None:
    """The operator and a runner start from images that were pushed and pulled; then all is as before."""
    commands = block(f"README.md: make push IMAGE_PREFIX={EXAMPLE_REGISTRY}/segcompress").text
    kube.helm("uninstall", "segcompress", "--wait")
    try:
        environ = {**environment(kube, "default", tmp_path), "INSECURE": "1"}
        # A path of its own: the node keeps what it pulled, and the tag is the same for every commit.
        place = f"{registry}/{stage.namespace}"
        run(commands.replace(EXAMPLE_REGISTRY, place), ROOT, environ)
        done = stage.run("from-registry", **RESOLVED)
        done.fails("InputNotFound")
        pods = [*Operator(kube).pods(), *done.pods()]
        images = {pod["spec"]["containers"][0]["image"] for pod in pods}
        assert images == {f"{place}/segcompress/{name}:{app_version()}" for name in ("operator", "runner")}
    finally:
        kube.helm("uninstall", "segcompress", "--wait", "--ignore-not-found")
        prepare_target()


def app_version() -> str:
    return str(yaml.safe_load((ROOT / "charts/segcompress/Chart.yaml").read_text())["appVersion"])


def test_commands_on_a_job(kube: Kube, stage: Stage, tmp_path: Path) -> None:
    environ = environment(kube, stage.namespace, tmp_path)
    job = tmp_path / "job.yaml"
    job.write_text(block("README.md: apiVersion: segcompress.dev/v1alpha1").text)
    run("kubectl apply --dry-run=server -f job.yaml", tmp_path, environ)
    name = yaml.safe_load(job.read_text())["metadata"]["name"]
    small = {"apiVersion": "segcompress.dev/v1alpha1", "kind": KIND, "metadata": {"name": name}}
    job.write_text(json.dumps({**small, "spec": spec(stage.output(name), **RESOLVED)}))
    printed = run(block("README.md: kubectl apply -f job.yaml").text, tmp_path, environ)
    assert "condition met" in printed
    assert "MODEL URI" in printed


def test_commands_of_the_example(kube: Kube, finished: object, tmp_path: Path) -> None:
    assert finished
    commands = block("examples/01-sparse/README.md: kubectl apply -f examples/01-sparse/job.yaml").text
    printed = run(commands, ROOT, environment(kube, DEMO_NAMESPACE, tmp_path))
    assert "condition met" in printed
    assert "Succeeded" in printed


def test_commands_of_the_cluster(kube: Kube) -> None:
    if kube.target.context:
        pytest.skip("not run: these commands are those of the local cluster")
    lines = block("hack/devcluster/README.md: export PYTHONPATH=hack").text.splitlines()
    kept = [line for line in lines if "devcluster down" not in line]
    archive = (
        Path(os.environ.get("SEGCOMPRESS_CACHE", Path.home() / ".cache/segcompress")) / "images/runner.tar"
    )
    printed = run("\n".join(kept).replace("runner.tar", str(archive)), ROOT)
    assert "kube-apiserver" in printed


def test_try_it(kube: Kube, finished: object) -> None:
    """`make demo` once more: what it made is there, so it ends in seconds; `make test` is what runs this."""
    assert finished
    assert kube
    demo, test = block("README.md: make demo").text.splitlines()
    assert test.split("#")[0].split() == ["make", "test"]
    data = os.environ.get("SEGCOMPRESS_TEST_DATA")
    assert "Quantised" in run(demo, ROOT, {**os.environ, "DATA": data} if data else None)
    eventually(lambda: kube.list("scj", DEMO_NAMESPACE), f"resources in {DEMO_NAMESPACE}")
    assert kube.list("pods", SYSTEM_NAMESPACE)

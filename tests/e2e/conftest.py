"""A real cluster with the real images, brought up as `make demo` does it, and all that the tests share."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from urllib.parse import urlsplit

import pytest
from minio import Minio
from minio.deleteobjects import DeleteObject

from demo.inputs import Inputs, upload
from demo.target import ROOT, Target, build_images, cache_folder, local_target, prepare_target
from devcluster.build import exclusive
from devcluster.cluster import Cluster
from devcluster.errors import DevclusterError
from e2e.fault_image import make_fault_image
from e2e.inputs import faulty_inputs, tiny_inputs
from e2e.kube import Kube, Operator
from e2e.main_job import Finished, run_main_job
from e2e.stage import OUTPUT, Scenario, Stage, scenario_id

ALLOWED_IMAGES = ["localhost/segcompress/", "127.0.0.1:9/"]
"""Our own images, and an address that nobody answers at."""

Ends = dict[str, Future[None]]


def not_run(why: str) -> None:
    """Skip, saying why; where CI is to see everything, that is an error."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"not run: {why}", pytrace=False)
    pytest.skip(f"not run: {why}")


def shown(request: pytest.FixtureRequest) -> AbstractContextManager[None]:
    """Let long steps show their progress."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    shown: AbstractContextManager[None] = (
        nullcontext() if capture is None else capture.global_and_fixture_disabled()
    )
    return shown


@contextmanager
def preparing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let one process at a time build and install, on a machine that can run the cluster."""
    try:
        Cluster(os.environ).check_machine()
    except DevclusterError as error:
        not_run(" ".join(str(error).split()))
    with shown(request), exclusive(cache_folder() / "e2e.lock", "other end-to-end tests to prepare"):
        yield


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    with preparing(request):
        return prepare_target()


@pytest.fixture(scope="session")
def _built(request: pytest.FixtureRequest) -> None:
    """Have programs, packages and images, for tests that make a cluster of their own."""
    with preparing(request):
        local_target()
        build_images("build")


@pytest.fixture(scope="session")
def kube(target: Target) -> Iterator[Kube]:
    """Return the cluster, its operator allowing the images that some scenarios name."""
    kube = Kube(target)
    _allow_images(kube, ALLOWED_IMAGES)
    Operator(kube).start()
    yield kube
    _allow_images(kube, [])


def _allow_images(kube: Kube, prefixes: list[str]) -> None:
    chart = str(ROOT / "charts" / "segcompress")
    setting = f"--set-json=runner.allowed.imagePrefixes={json.dumps(prefixes)}"
    kube.helm("upgrade", "segcompress", chart, "--reuse-values", setting, "--wait", "--timeout=5m")


@pytest.fixture(scope="session")
def finished(request: pytest.FixtureRequest, kube: Kube, store: Minio) -> dict[str, Finished]:
    """Return the main job's two resources, finished."""
    with shown(request):
        return run_main_job(kube, lambda uri: remove_folder(store, uri))


@pytest.fixture(scope="session")
def operator(kube: Kube) -> Operator:
    return Operator(kube)


@pytest.fixture(scope="session")
def store(target: Target) -> Minio:
    endpoint = urlsplit(target.endpoint)
    keys = {"access_key": target.access_key, "secret_key": target.secret_key}
    return Minio(endpoint.netloc, secure=endpoint.scheme == "https", **keys)


@pytest.fixture(scope="session")
def inputs(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Return the tiny dataset and its model, uploaded, with every faulty copy of them."""
    folder = tmp_path_factory.mktemp("inputs")
    tiny = tiny_inputs(folder)
    for each in (tiny, *faulty_inputs(tiny, folder)):
        upload(each, target)
    return tiny


@pytest.fixture(scope="session")
def fault_image(target: Target, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the reference of the runner's image with faults in it."""
    assert target  # its images are built
    archive = tmp_path_factory.mktemp("fault") / "fault.tar"
    reference = make_fault_image(cache_folder() / "images" / "runner.tar", archive)
    command = [sys.executable, "-m", "devcluster", "load-image", str(archive)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "hack")})
    return reference


@pytest.fixture(scope="session")
def stage(kube: Kube, inputs: Inputs, store: Minio, fault_image: str) -> Iterator[Stage]:
    """Return a namespace whose outputs no other session has."""
    assert inputs
    token = f"e2e-{os.urandom(3).hex()}"
    stage = Stage(kube, token, token, fault_image)
    kube.make_namespace(token)
    kube.put_secret(token, "object-store")
    kube.put_secret(token, "wrong-key", secretKey="not-the-key")
    yield stage
    made = [name for name in kube("get", "namespaces", "-o", "name").split() if f"/{token}" in name]
    kube("delete", "--wait=false", *made)
    remove_folder(store, f"{OUTPUT}{token}/")


def remove_folder(store: Minio, uri: str) -> None:
    """Remove a folder of results."""
    address = urlsplit(uri)
    left = store.list_objects(address.netloc, prefix=address.path.lstrip("/"), recursive=True)
    errors = store.remove_objects(address.netloc, (DeleteObject(found.object_name) for found in left))
    assert not list(errors)


@pytest.fixture(scope="session")
def ends(request: pytest.FixtureRequest, stage: Stage) -> Iterator[Ends]:
    """Start every scenario that was selected; return their ends by name."""
    scenarios: dict[str, Scenario] = {}
    for item in request.session.items:
        params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
        if "scenario" in params:
            scenarios[scenario_id(params["scenario"])] = params["scenario"]
    pool = ThreadPoolExecutor(max(len(scenarios), 1))
    yield {name: pool.submit(scenario, stage) for name, scenario in scenarios.items()}
    pool.shutdown(wait=False, cancel_futures=True)


@pytest.fixture
def scenarios_over(request: pytest.FixtureRequest) -> None:
    """Wait until every scenario is over: for tests that stop the operator."""
    for end in request.getfixturevalue("ends").values():
        end.exception()

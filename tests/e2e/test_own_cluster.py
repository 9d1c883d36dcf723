"""The demo on a cluster of a user's own: a second local one, which the demo knows by its context alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.inputs import sample_inputs, store_client
from demo.own import DEFAULT_PREFIX, RELEASE, SYSTEM_NAMESPACE, target_from
from demo.target import ROOT, Target
from devcluster.layout import CONTEXT, Layout
from e2e.conftest import not_run

if TYPE_CHECKING:
    from minio import Minio

NETWORK = "10.214.0.0/16"


class OwnCluster:
    """What a user has: a kubeconfig, an object store, and a way for images to the nodes."""

    def __init__(self, folder: Path) -> None:
        (folder / "bin").symlink_to(Layout.from_environment(os.environ).bin)
        self._place = {"SEGCOMPRESS_CACHE": str(folder), "SEGCOMPRESS_NETWORK": NETWORK}
        self._python = {**os.environ, "PYTHONPATH": str(ROOT / "hack")}
        self._run("up")
        found = json.loads(self._run("env", "--json"))
        load = f"env SEGCOMPRESS_CACHE={folder} {sys.executable} -m devcluster load-image"
        self.env = {**self._python, **found, "SEGCOMPRESS_CONTEXT": CONTEXT, "IMAGE_LOAD": load}
        self.env.pop("IMAGE_PREFIX", None)
        self.target: Target = target_from(self.env)

    def _run(self, *args: str) -> str:
        argv = (sys.executable, "-m", "devcluster", *args)
        done = subprocess.run(
            argv, env={**self._python, **self._place}, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def demo(self, *args: str) -> str:
        argv = (sys.executable, "-m", "demo", *args)
        done = subprocess.run(argv, env=self.env, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refusal(self, **changes: str) -> str:
        argv = (sys.executable, "-m", "demo", "--dry-run")
        env: Mapping[str, str] = {**self.env, **changes}
        done = subprocess.run(argv, env=env, check=False, capture_output=True, text=True)
        assert done.returncode == 1, done.stdout
        return done.stderr

    def everything(self) -> list[str]:
        """Return what is on the cluster and in the store that a demo could have left."""
        kinds = "namespaces,crd,clusterroles,clusterrolebindings,deployments,secrets,roles,rolebindings"
        objects = self.target.kubectl("get", kinds, "-A", "-o", "name").split()
        store: Minio = store_client(self.target)
        buckets = [bucket.name for bucket in store.list_buckets()]
        files = [
            f"{bucket}/{o.object_name}"
            for bucket in buckets
            for o in store.list_objects(bucket, recursive=True)
        ]
        return sorted((*objects, *buckets, *files))

    def down(self) -> None:
        self._run("down", "--purge-state")


@pytest.fixture(scope="module")
def own(_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    if os.geteuid() != 0:
        not_run("a second cluster needs root")
    cluster = OwnCluster(tmp_path_factory.mktemp("own"))
    yield cluster
    cluster.down()


def test_the_plan_is_said_and_nothing_is_done(own: OwnCluster) -> None:
    before = own.everything()
    printed = own.demo("--dry-run")
    for words in (RELEASE, SYSTEM_NAMESPACE, f"{DEFAULT_PREFIX}/", "two SegCompressionJobs", "demo-clean"):
        assert words in printed
    assert own.everything() == before


def test_up_and_clean_leave_what_was_there(own: OwnCluster) -> None:
    store = store_client(own.target)
    for bucket in ("models", "segcompress-demo"):
        store.make_bucket(bucket)
    store.fput_object("segcompress-demo", "mine.json", str(ROOT / "pyproject.toml"))
    own.target.kubectl("create", "namespace", "others")
    before = own.everything()
    own.demo("--up")
    uploaded = own.target.uri("models", sample_inputs().name).removeprefix("s3://")
    assert f"{uploaded}model.pdmodel" in own.everything()
    assert "deployment.apps/segcompress-demo-operator" in own.everything()
    own.demo("--clean")
    assert own.everything() == before


def test_an_installed_operator_is_not_overwritten(own: OwnCluster) -> None:
    labels = {"app.kubernetes.io/name": "segcompress", "app.kubernetes.io/component": "operator"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "o", "image": "absent:1"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}
    installed = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}
    installed["metadata"] = {"name": "operator", "namespace": "default", "labels": labels}
    own.target.kubectl("apply", "-f", "-", fed=json.dumps(installed))
    assert "installed on this cluster already (namespace default)" in own.refusal()
    own.target.kubectl("delete", "deployment", "operator")


def test_a_namespace_of_that_name_is_not_taken(own: OwnCluster) -> None:
    own.target.kubectl("create", "namespace", "segcompress-demo")
    assert "namespace segcompress-demo is there and is not the demo's" in own.refusal()
    own.demo("--clean")
    assert "namespace/segcompress-demo" in own.everything()
    own.target.kubectl("delete", "namespace", "segcompress-demo")

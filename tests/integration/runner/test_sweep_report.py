"""`segcompress sweep-report` on a real API server and a real MinIO."""

import hashlib
import json
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from minio import Minio

import sweeps
from devcluster.controlplane import ControlPlane
from devcluster.layout import Layout
from devcluster.objectstore import ObjectStore
from integration.api.conftest import await_answer
from integration.api.kubectl import Kubectl
from segcompress_api.naming import short_hash
from sweeps import NAME, NAMESPACE, Sweep

from .conftest import put, read
from .test_promote import environment

ROOT = Path(__file__).parents[3]
TRIALS = 12
LINKS = re.compile(r'<a href="(\.[^"]*report\.html|\./[^"]*\.html)">Trial (\d+)</a>')


@dataclass(frozen=True)
class Asked:
    """A cluster with one sweep, whose trials' reports lie in a bucket; and a command line to ask about it."""

    environment: dict[str, str]
    bucket: str
    uid: str

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "segcompress", "sweep-report", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane")) as running:
        yield running


@pytest.fixture(scope="module")
def asked(
    plane: ControlPlane, store: ObjectStore, admin: Minio, tmp_path_factory: pytest.TempPathFactory
) -> Asked:
    program, folder = Layout.from_environment(os.environ).bin / "kubectl", tmp_path_factory.mktemp("kubectl")
    client = Kubectl(program, plane.kubeconfig, folder)
    for kind in ("segcompressionjobs", "segcompressionsweeps"):
        run(client, "apply", "--server-side", "-f", str(ROOT / "crds" / f"{kind}.yaml"))
        await_answer(client, "get", kind)
    run(client, "create", "namespace", NAMESPACE)
    admin.make_bucket("swept")
    uid = created(client, folder, bucketed(sweeps.body()))["metadata"]["uid"]
    for index in range(TRIALS):
        made = bucketed(sweeps.job(Sweep(), index, uid))
        report = f"report of trial {index}".encode()
        artifacts = made["status"].get("artifacts")
        if artifacts:
            artifacts["report"]["sha256"] = hashlib.sha256(report).hexdigest()
            put(admin, "swept", artifacts["report"]["uri"].removeprefix("s3://swept/"), report)
        created(client, folder, made)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    known = {**environment(store), "KUBECONFIG": str(plane.kubeconfig), "PATH": path}
    return Asked(known, "swept", uid)


def bucketed(made: dict[str, Any]) -> dict[str, Any]:
    """Return the object with its results in the bucket `swept`."""
    moved: dict[str, Any] = json.loads(json.dumps(made).replace("s3://compressed/", "s3://swept/"))
    return moved


def created(client: Kubectl, folder: Path, made: dict[str, Any]) -> dict[str, Any]:
    """Create an object and write its status, as the operator does."""
    file, kind = folder / "object.json", made["kind"]
    file.write_text(json.dumps(made))
    run(client, "create", "-f", str(file))
    status = json.dumps({"status": made["status"]})
    name = made["metadata"]["name"]
    patch = ("--subresource", "status", "--type", "merge", "-p", status)
    answer = run(client, "patch", "-n", NAMESPACE, kind, name, *patch, "-o", "json")
    found: dict[str, Any] = json.loads(answer)
    return found


def run(client: Kubectl, *arguments: str) -> str:
    answer = client.run(*arguments)
    assert answer.code == 0, answer.err
    return str(answer.out)


def test_page_with_the_trials_reports_lies_here(asked: Asked, tmp_path: Path) -> None:
    page = tmp_path / "out" / "report.html"
    ended = asked.ask(NAME, "-n", NAMESPACE, "-o", str(page), "--reports")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Ship trial 6: ")
    links = {int(index): unquote(link) for link, index in LINKS.findall(page.read_text())}
    assert set(links) == set(range(TRIALS)) - {9}
    for index, link in links.items():
        assert (page.parent / link).read_text() == f"report of trial {index}"


def test_page_in_the_bucket_leads_to_the_reports_there(asked: Asked, admin: Minio) -> None:
    ended = asked.ask(NAME, "-n", NAMESPACE, "--upload")
    key = f"humanseg-sweep/sweeps/{NAME}-{short_hash(asked.uid)}/report.html"
    assert ended.stdout.endswith(f"report:   s3://{asked.bucket}/{key}\n"), ended.stderr
    page = read(admin, f"s3://{asked.bucket}/{key}").decode()
    assert admin.stat_object(asked.bucket, key).content_type == "text/html; charset=utf-8"
    links = {int(index): unquote(link) for link, index in LINKS.findall(page)}
    assert set(links) == set(range(TRIALS)) - {9}
    for index, link in links.items():
        report = posixpath.normpath(posixpath.join(posixpath.dirname(key), link))
        assert read(admin, f"s3://{asked.bucket}/{report}") == f"report of trial {index}".encode()


def test_report_that_is_gone_or_changed_is_told_and_left_out(
    asked: Asked, admin: Minio, tmp_path: Path
) -> None:
    folder, page = "humanseg-sweep/{:016x}/attempts/pod {}/report.html", tmp_path / "report.html"
    kept = {index: read(admin, f"s3://swept/{folder.format(index, index)}") for index in (1, 2)}
    admin.remove_object("swept", folder.format(1, 1))
    put(admin, "swept", folder.format(2, 2), b"another")
    try:
        ended = asked.ask(NAME, "-n", NAMESPACE, "-o", str(page), "--reports")
    finally:
        for index, content in kept.items():
            put(admin, "swept", folder.format(index, index), content)
    first, second = ended.stderr.splitlines()
    assert re.match(r"note: trial 1: s3://swept/.* does not exist", first)
    assert re.match(r"note: trial 2: s3://swept/.*: does not match its published SHA-256", second)
    assert not {"1", "2"} & {index for _, index in LINKS.findall(page.read_text())}


def test_sweep_that_is_not_there_is_said_in_kubectls_words(asked: Asked, tmp_path: Path) -> None:
    ended = asked.ask("absent", "-n", NAMESPACE, "-o", str(tmp_path / "report.html"))
    assert ended.returncode == 3
    assert ended.stderr.startswith("error: ")
    assert "kubectl get scs absent: Error from server (NotFound): segcompressionsweeps" in ended.stderr

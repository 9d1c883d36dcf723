"""Where the demo runs: on the local cluster of hack/devcluster; module `own` has the way to any other."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.console import DemoError, answer, run, step

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_NAMESPACE = "segcompress-system"
IMAGES = ("operator", "runner")


@dataclass(frozen=True)
class Target:
    """A cluster, an object store and the images that both can reach."""

    env: Mapping[str, str]
    context: tuple[str, ...]
    endpoint: str
    access_key: str
    secret_key: str
    release: str = "segcompress"
    system_namespace: str = SYSTEM_NAMESPACE
    prefix: str = (
        ""  # s3://bucket/folder below which everything lies; none: a bucket of its own for each kind
    )

    def uri(self, kind: str, name: str) -> str:
        """Return the address of a folder: `kind` is models, datasets or compressed."""
        return f"{self.prefix}/{kind}/{name}/" if self.prefix else f"s3://{kind}/{name}/"

    def kubectl(self, *args: str, fed: str | None = None) -> str:
        """Return what kubectl prints."""
        return answer(["kubectl", *self.context, *args], self.env, fed=fed)


def cache_folder() -> Path:
    """Return the folder that holds state and binaries."""
    return Path(os.environ.get("SEGCOMPRESS_CACHE", Path.home() / ".cache" / "segcompress"))


def prepare_target() -> Target:
    """Bring up what the demo runs on, images and operator included; every step can be repeated."""
    target = local_target()
    with step("Building the operator's and the runner's image"):
        references = build_images("build")
    with step("Loading the images into the cluster"):
        _devcluster("load-image", *archives())
    with step("Installing the operator with helm"):
        install_operator(target, references)
    return target


def local_target() -> Target:
    """Bring up the local cluster and its object store, without the operator."""
    with step("Starting a local Kubernetes and MinIO"):
        _devcluster("up")
    found = json.loads(answer([sys.executable, "-m", "devcluster", "env", "--json"], _python_env()))
    return Target(
        env={**os.environ, **found},
        context=(),
        endpoint=found["S3_ENDPOINT"],
        access_key=found["AWS_ACCESS_KEY_ID"],
        secret_key=found["AWS_SECRET_ACCESS_KEY"],
    )


def _python_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "hack")}


def _devcluster(*args: str) -> None:
    run([sys.executable, "-m", "devcluster", *args], _python_env())


def build_images(command: str) -> dict[str, str]:
    """Build (and push) both images; return the reference of each by its name."""
    argv = [sys.executable, "-m", "images", command, *IMAGES]
    done = subprocess.run(argv, env=_python_env(), check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise DemoError(f"`{' '.join(argv)}` ended with exit code {done.returncode}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def archives() -> list[str]:
    """Return the archives of both images."""
    records = json.loads((cache_folder() / "images" / "refs.json").read_text())
    return [str(records[name]["archive"]) for name in IMAGES]


def install_operator(target: Target, references: Mapping[str, str], *more: str) -> None:
    """Install the chart, or upgrade the demo's own release of it; `more` are further arguments of helm."""
    operator, runner = (references[name].rpartition(":") for name in IMAGES)
    values = {
        "image.repository": operator[0],
        "image.tag": operator[2],
        "runner.image.repository": runner[0],
        "runner.image.tag": runner[2],
        # The sample is small, and so may be the disk of a machine that is tried out.
        "runner.scratch.work": "4Gi",
        "runner.scratch.tmp": "1Gi",
    }
    context = ("--kube-context", target.context[1]) if target.context else ()
    settings = [f"--set-string={key}={value}" for key, value in values.items()]
    chart = str(ROOT / "charts" / "segcompress")
    _forget_interrupted(target)
    command = ["helm", *context, "upgrade", "--install", target.release, chart, *more]
    place = ["--namespace", target.system_namespace, "--create-namespace", "--wait", "--timeout", "5m"]
    answer([*command, *place, *settings], target.env)


def _forget_interrupted(target: Target) -> None:
    """Remove helm's record of an installation that was interrupted: helm refuses to go on beside one."""
    pending = "pending-install,pending-upgrade,pending-rollback"
    selector = f"owner=helm,name={target.release},status in ({pending})"
    target.kubectl("--namespace", target.system_namespace, "delete", "secret", "--selector", selector)

"""Where the demo runs: the local cluster that hack/devcluster starts, or the one that the user names.

`SEGCOMPRESS_CONTEXT` names a kubeconfig context of one's own; images are then pushed under `IMAGE_PREFIX`,
and the object store is `S3_ENDPOINT` with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
"""

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
OWN_CLUSTER = ("IMAGE_PREFIX", "S3_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True)
class Target:
    """A cluster, an object store and the images that both can reach."""

    env: Mapping[str, str]
    context: tuple[str, ...]
    endpoint: str
    access_key: str
    secret_key: str

    def kubectl(self, *args: str, fed: str | None = None) -> str:
        """Return what kubectl prints."""
        return answer(["kubectl", *self.context, *args], self.env, fed=fed)


def cache_folder() -> Path:
    """Return the folder that holds state and binaries."""
    return Path(os.environ.get("SEGCOMPRESS_CACHE", Path.home() / ".cache" / "segcompress"))


def prepare_target() -> Target:
    """Bring up what the demo runs on, images and operator included; every step can be repeated."""
    own = os.environ.get("SEGCOMPRESS_CONTEXT")
    target = _own_target(own) if own else _local_target()
    with step("Building the operator's and the runner's image"):
        references = _images("push" if own else "build")
    if not own:
        with step("Loading the images into the cluster"):
            _devcluster("load-image", *_archives())
    with step("Installing the operator with helm"):
        _install_operator(target, references)
    return target


def _own_target(context: str) -> Target:
    missing = [name for name in OWN_CLUSTER if not os.environ.get(name)]
    if missing:
        raise DemoError(f"SEGCOMPRESS_CONTEXT is set, so these must be too: {', '.join(missing)}")
    return Target(
        env=dict(os.environ),
        context=("--context", context),
        endpoint=os.environ["S3_ENDPOINT"],
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    )


def _local_target() -> Target:
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


def _images(command: str) -> dict[str, str]:
    """Build (and push) both images; return the reference of each by its name."""
    argv = [sys.executable, "-m", "images", command, *IMAGES]
    done = subprocess.run(argv, env=_python_env(), check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise DemoError(f"`{' '.join(argv)}` ended with exit code {done.returncode}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def _archives() -> list[str]:
    records = json.loads((cache_folder() / "images" / "refs.json").read_text())
    return [str(records[name]["archive"]) for name in IMAGES]


def _install_operator(target: Target, references: Mapping[str, str]) -> None:
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
    command = ["helm", *context, "upgrade", "--install", "segcompress", chart]
    place = ["--namespace", SYSTEM_NAMESPACE, "--create-namespace", "--wait", "--timeout", "5m"]
    answer([*command, *place, *settings], target.env)

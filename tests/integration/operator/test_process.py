"""The operator's process: how it starts, answers health checks, and ends."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from devcluster.ports import LOOPBACK, free_ports
from integration.operator.api import eventually
from integration.operator.process import Operator


def test_health_is_told_and_sigterm_ends_it_well(
    namespace: str, start_operator: Callable[..., Operator]
) -> None:
    (port,) = free_ports(1)
    operator = start_operator(namespace, SEGCOMPRESS_HEALTH_PORT=str(port))

    def healthy() -> bool:
        try:
            with urlopen(f"http://{LOOPBACK}:{port}/healthz") as answer:
                return bool(answer.status == 200)
        except URLError:
            return False

    eventually(healthy, "a healthy operator")
    assert operator.stop() == 0
    assert "Traceback" not in operator.log.read_text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"SEGCOMPRESS_RUNNER_IMAGE": ""}, "SEGCOMPRESS_RUNNER_IMAGE: is required", id="no image"
        ),
        pytest.param({"SEGCOMPRESS_WORKERS": "0"}, "SEGCOMPRESS_WORKERS: must be a whole number", id="wrong"),
        pytest.param({"KUBECONFIG": ""}, "KUBECONFIG: is required outside a cluster", id="no cluster"),
    ],
)
def test_wrong_setting_ends_it_with_one_line(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    environment = {**os.environ, "SEGCOMPRESS_RUNNER_IMAGE": "runner:1", "HOME": str(tmp_path), **changes}
    ended = subprocess.run(
        [sys.executable, "-m", "segcompress_operator"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert words in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1

"""The registry that the tests push images to."""

import json
import urllib.request
from pathlib import Path

import pytest

from devcluster.ports import LOOPBACK, free_ports
from devcluster.registry import Registry


def test_registry_answers_while_it_runs_and_stops(tmp_path: Path) -> None:
    with Registry(tmp_path, f"{LOOPBACK}:{free_ports(1)[0]}") as running:
        url = f"http://{running.address}/v2/_catalog"
        with urllib.request.urlopen(url) as answered:
            assert json.load(answered) == {"repositories": []}
    with pytest.raises(OSError, match=r"refused|reset|closed"):
        urllib.request.urlopen(url).close()

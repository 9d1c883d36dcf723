"""The networks of bench/networks, for three classes."""

from pathlib import Path
from typing import Any

import yaml

from large.pictures import CLASSES

_SECTIONS = Path(__file__).resolve().parents[2] / "bench" / "networks" / "sections.yaml"

NETWORKS: dict[str, dict[str, Any]] = yaml.safe_load(_SECTIONS.read_text())
"""The model section of each network, by its name."""


def configuration(name: str) -> dict[str, Any]:
    """Return the configuration of a network."""
    return {"batch_size": 4, "model": {**NETWORKS[name], "num_classes": CLASSES}}

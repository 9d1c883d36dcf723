"""The networks of the benches: model sections of PaddleSeg configurations, and sizes of their pictures."""

from pathlib import Path
from typing import Any

import yaml

CLASSES = 2
"""Background and person, as in the sample's pictures."""

SIZES = ((128, 256), (256, 512))
"""Height and width of the pictures of a training, first and later: a quarter and half of those measured."""

SECTIONS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("sections.yaml").read_text())
"""The model section of each network, by its name."""

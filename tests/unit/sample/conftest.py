"""Lets the tests import the sample's scripts, which stand beside one another and are no package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "examples" / "sample"))

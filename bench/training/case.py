"""What both sides work on: the sample model and its pictures, in one order, by the same settings."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from segcompress_api.dataset import Dataset
from segcompress_runner.inputs.model import ModelFiles

ROOT = Path(__file__).parents[2]
DATA = ROOT / "examples" / "sample" / "dataset"
MODEL = ROOT / "examples" / "sample" / "model"
CASES = Path(__file__).with_name("cases.yaml")
NAMES = ("model.pdmodel", "model.pdiparams")
BATCH = 8
SEED = 0


@dataclass(frozen=True)
class Case:
    """One entry of cases.yaml on the sample."""

    name: str

    @property
    def strategy(self) -> dict[str, Any]:
        """Return the sections of an ACT file, a fresh copy each time."""
        sections: dict[str, Any] = yaml.safe_load(CASES.read_text())["cases"][self.name]
        return sections

    @cached_property
    def dataset(self) -> Dataset:
        """Return the pictures' description, as the examples have it."""
        job = yaml.safe_load((ROOT / "examples" / "03-without-a-cluster" / "job.yaml").read_text())
        return Dataset.model_validate(job["spec"]["dataset"] | {"batchSize": BATCH})


def model_in(folder: Path) -> ModelFiles:
    """Return the model's two files in a folder."""
    return ModelFiles(*(folder / name for name in NAMES))

"""What the document starts from: pictures marked with labelme, a PaddleSeg configuration, and its weights."""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from demo.console import DemoError
from demo.inputs import Inputs, sample_inputs
from demo.target import cache_folder
from walkthrough.labelme_files import Marked, mark

INPUTS = Path(__file__).with_name("seed")
CONFIG, WEIGHTS = "pp_humanseg_lite.yml", "model.pdparams"
STRATEGIES = {"Sparse": "humanseg_sparse_dis.yaml", "Quantised": "humanseg_quant_dis.yaml"}


@dataclass(frozen=True)
class Seed:
    """The inputs, and what was marked in the pictures."""

    inputs: Inputs
    marked: Marked


def seed_inputs() -> Seed:
    """Return the sample's pictures as labelme files, and its model as a network with weights; made once."""
    sample = sample_inputs()
    folder = cache_folder() / "seed" / sample.dataset.name
    model, dataset = folder / "model", folder / "dataset"
    inputs = Inputs("seed", model, dataset, (CONFIG, WEIGHTS, *STRATEGIES.values()))
    model.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, *STRATEGIES.values()):
        shutil.copyfile(INPUTS / name, model / name)
    if not (model / WEIGHTS).is_file():
        _save_weights(sample.model, model / WEIGHTS)
    told = folder / "marked.json"
    if not told.is_file():
        told.write_text(json.dumps(asdict(mark(sample.dataset, dataset))))
    return Seed(inputs, Marked(**json.loads(told.read_text())))


def _save_weights(model: Path, to: Path) -> None:
    program = Path(__file__).with_name("weights.py")
    made = to.with_suffix(".part")
    done = subprocess.run(
        [sys.executable, str(program), str(model), str(made)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        cause = done.stderr.strip()[-300:]
        raise DemoError(f"{program.name} ended with exit code {done.returncode}: {cause}")
    made.replace(to)

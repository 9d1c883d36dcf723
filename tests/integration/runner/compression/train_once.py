"""Trainings in a process of its own: `train_once.py FOLDER` prints the sha256 of each kind's parameters."""

import hashlib
import json
import sys
from pathlib import Path

from integration.runner.compression.conftest import make_lab, save_net
from integration.runner.compression.strategies import quantised, sparse
from segcompress_runner.compression.training import compress
from segcompress_runner.stages import quick_opener

STRATEGIES = {"sparse": sparse(0.75, ramp=11), "quantised": quantised()}


def main(folder: Path) -> None:
    """Train with two threads and two workers, and a teacher in another runtime."""
    (folder / "model").mkdir(parents=True)
    (folder / "data").mkdir()
    lab = make_lab(save_net(folder / "model", kernel=1), folder / "data")
    digests = {}
    for kind, strategy in STRATEGIES.items():
        done = compress(lab.training(strategy, threads=2, quick=quick_opener(2)), folder / kind)
        digests[kind] = hashlib.sha256(done.files.params.read_bytes()).hexdigest()
    sys.stdout.write(json.dumps(digests) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""One training in a process of its own: `train_once.py KIND FOLDER` prints the sha256 of its parameters."""

import hashlib
import sys
from pathlib import Path

from integration.runner.compression.conftest import make_lab, save_net
from integration.runner.compression.strategies import quantised, sparse
from segcompress_runner.compression.training import compress


def main(kind: str, folder: Path) -> None:
    """Train with two threads and two workers."""
    (folder / "model").mkdir(parents=True)
    (folder / "data").mkdir()
    lab = make_lab(save_net(folder / "model", kernel=1), folder / "data")
    strategy = sparse(0.75, ramp=11) if kind == "sparse" else quantised()
    done = compress(lab.training(strategy, threads=2), folder / "out")
    sys.stdout.write(hashlib.sha256(done.files.params.read_bytes()).hexdigest() + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

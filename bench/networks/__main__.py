"""A network of PaddleSeg for a bench: its configuration, and weights trained on the sample's pictures.

    python -m bench.networks NAME INTO [--iterations N]

INTO gets net.yml and model.pdparams, which `spec.model.paddleseg` names, and network.json: how it was
trained, and for how long. With 0 iterations weights stay random, and norms see a few pictures, so that values
have the size that they have in a trained network. Nothing is done where INTO holds the same network already.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from bench.networks import CLASSES, SECTIONS, SIZES

from pairs import Pair, as_input
from segcompress_api.dataset import Dataset
from segcompress_runner.inputs.dataset import read_image, read_mask
from segcompress_runner.inputs.lists import Sample, read_lists

DATASET = Path(__file__).parents[2] / "examples" / "sample" / "dataset"
_BATCH = 4
_PEAK_RATE = 2e-3
_SEED = 0
_SHOWN = 25
_SMALL = 0.85
"""Share of the iterations that see pictures of the smaller size: they cost a quarter."""


def main() -> int:
    """Train the network that the command line names, unless that is done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", choices=SECTIONS)
    parser.add_argument("into", type=Path)
    parser.add_argument("--iterations", type=int, default=300)
    options = parser.parse_args()
    made = {"name": options.name, "iterations": options.iterations, "batch": _BATCH, "seed": _SEED}
    known = options.into / "network.json"
    if known.is_file() and made.items() <= json.loads(known.read_text()).items():
        return 0
    options.into.mkdir(parents=True, exist_ok=True)
    seconds = train(options.name, options.iterations, options.into)
    known.write_text(json.dumps({**made, "seconds": round(seconds)}, indent=2) + "\n")
    return 0


def train(name: str, iterations: int, into: Path) -> float:
    """Write net.yml and model.pdparams; return the seconds of the training."""
    import paddle

    import teacher
    from segcompress_runner.inputs.networks.exporter import build

    section = {**SECTIONS[name], "num_classes": CLASSES}
    (into / "net.yml").write_text(yaml.safe_dump({"model": section}))
    cv2.setNumThreads(1)
    paddle.seed(_SEED)
    network = build(section)
    started = time.monotonic()
    if iterations:
        teacher.train(network, _batches(iterations), iterations, _told(name, iterations), _PEAK_RATE)
    else:
        _show(network)
    paddle.save(network.state_dict(), str(into / "model.pdparams"))
    return time.monotonic() - started


def _show(network: Any) -> None:
    """Let the norms of a network see pictures."""
    import paddle

    network.train()
    with paddle.no_grad():
        for batch in _batches(_SHOWN):
            network(paddle.to_tensor(as_input([pair.picture for pair in batch])))


def _batches(iterations: int) -> Iterator[list[Pair]]:
    """Yield one batch an iteration, mirrored at every other look."""
    described: dict[str, Any] = {
        "uri": DATASET.as_uri(),
        "numClasses": CLASSES,
        "trainTransforms": [{"type": "Normalize"}],
        "valTransforms": [{"type": "Normalize"}],
    }
    samples = read_lists(DATASET, Dataset.model_validate(described)).train
    random = np.random.default_rng(_SEED)
    for iteration in range(iterations):
        height, width = SIZES[iteration >= _SMALL * iterations]
        chosen = random.choice(len(samples), _BATCH, replace=False)
        yield [_pair(samples[index], height, width, mirrored=bool(random.integers(2))) for index in chosen]


def _pair(sample: Sample, height: int, width: int, *, mirrored: bool) -> Pair:
    picture, label = read_image(sample).astype(np.uint8), read_mask(sample).astype(np.uint8)
    if mirrored:
        picture, label = picture[:, ::-1], label[:, ::-1]
    return Pair(
        cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=cv2.INTER_LINEAR),
        cv2.resize(np.ascontiguousarray(label), (width, height), interpolation=cv2.INTER_NEAREST),
    )


def _told(name: str, iterations: int) -> Any:
    def tell(done: int, loss: float) -> None:
        if done % 10 == 0:
            print(f"{name}: {done} of {iterations} iterations, loss {loss:.3f}", file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    sys.exit(main())

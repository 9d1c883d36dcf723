"""Saves a network of PaddleSeg with random weights: `networks.py CONFIG WEIGHTS [HEIGHT WIDTH]`.

CONFIG is a PaddleSeg configuration, WEIGHTS the .pdparams that paddle.save writes. With a size, an input and
the network's own scores for it are saved beside the weights, as input.npy and scores.npy.
"""

import sys
import warnings
import zlib  # noqa: F401 - before paddle: segcompress_runner says why
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from paddleseg import models  # noqa: F401 - fills the registries
    from paddleseg.cvlibs import manager


def make(section: dict[str, Any]) -> Any:
    """Return what a section describes."""
    arguments = {
        name: make(value) if isinstance(value, dict) else value
        for name, value in section.items()
        if name not in ("type", "pretrained")
    }
    for registry in (manager.MODELS, manager.BACKBONES):
        if section["type"] in registry.components_dict:
            return registry[section["type"]](**arguments)
    raise KeyError(section["type"])


def main(config: Path, weights: Path, size: list[int]) -> None:
    """Save the weights, always the same, and what the network gives with them."""
    paddle.seed(7)
    network = make(yaml.safe_load(config.read_text())["model"])
    paddle.save(network.state_dict(), str(weights))
    if size:
        network.eval()
        image = np.random.default_rng(1).normal(size=(1, 3, *size)).astype(np.float32)
        np.save(weights.parent / "input.npy", image)
        np.save(weights.parent / "scores.npy", network(paddle.to_tensor(image))[0].numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(size) for size in sys.argv[3:]])

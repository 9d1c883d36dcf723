"""Exports a network of PaddleSeg with random weights: `exported.py NETWORK FOLDER N HEIGHT WIDTH`.

N is the batch that the graph is exported for, 0 for a free one. Output: the class of each pixel, as
PaddleSeg's own export gives it with --output_op argmax.
"""

import sys
import warnings
import zlib  # noqa: F401 - before paddle: segcompress_runner says why
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paddle

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from paddleseg import models


class Bound(paddle.nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """A network whose reshape says that a batch is one picture."""

    def __init__(self) -> None:
        super().__init__()
        self.first = paddle.nn.Conv2D(3, 8, 1)
        self.last = paddle.nn.Conv2D(8, 3, 1)

    def forward(self, x: Any) -> Any:
        return [self.last(paddle.reshape(self.first(x), [1, 8, x.shape[2], x.shape[3]]))]


NETWORKS: dict[str, Callable[[], Any]] = {
    "Bound": Bound,
    "BiSeNetV2": lambda: models.BiSeNetV2(num_classes=3),
    "PPHumanSegLite": lambda: models.PPHumanSegLite(num_classes=2),
    "OCRNet": lambda: models.OCRNet(
        num_classes=3, backbone=models.HRNet_W18_Small_V1(), backbone_indices=[0]
    ),
}


class Exported(paddle.nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """A network as PaddleSeg's export.py wraps it."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Any) -> Any:
        return paddle.argmax(self.network(x)[0], axis=1, dtype="int32")


def main(name: str, folder: Path, batch: int, height: int, width: int) -> None:
    """Save the network, always with the same weights."""
    paddle.seed(7)
    model = Exported(NETWORKS[name]())
    model.eval()
    shape = paddle.static.InputSpec([batch or None, 3, height, width], "float32", "x")
    paddle.jit.save(model, str(folder / "model"), [shape])


if __name__ == "__main__":
    network, into, *numbers = sys.argv[1:]
    main(network, Path(into), *map(int, numbers))

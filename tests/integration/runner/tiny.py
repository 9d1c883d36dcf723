"""Writes a segmentation model of three convolutions to FOLDER: enough for a run, seconds to train.

python tiny.py FOLDER
"""

import sys
import zlib  # noqa: F401 - before paddle: segcompress_runner says why
from pathlib import Path

import paddle
from paddle import nn


class Tiny(nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """Colours to two classes, through two 1x1 convolutions that a pruner may thin out."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2D(3, 16, 3, padding=1),
            nn.BatchNorm2D(16),
            nn.ReLU(),
            nn.Conv2D(16, 32, 1),
            nn.ReLU(),
            nn.Conv2D(32, 2, 1),
            nn.Softmax(axis=1),
        )

    def forward(self, image: paddle.Tensor) -> paddle.Tensor:
        return self.layers(image)


def main(folder: Path) -> None:
    """Save the model, untrained, always with the same weights."""
    paddle.seed(7)
    model = Tiny()
    model.eval()
    shape = paddle.static.InputSpec([-1, 3, 32, 32], "float32", "x")
    paddle.jit.save(model, str(folder / "model"), [shape])


if __name__ == "__main__":
    main(Path(sys.argv[1]))

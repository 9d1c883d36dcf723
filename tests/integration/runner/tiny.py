"""A segmentation model of three convolutions, which finds bright squares."""

import warnings
import zlib  # noqa: F401 - before paddle: segcompress_runner says why
from pathlib import Path

import paddle
from paddle import nn


class Tiny(nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """Tell what is bright from what is dark, through two 1x1 convolutions that a pruner may thin out.

    Its weights are written down, not trained: every channel carries the brightness around a pixel, and a
    square is where that outweighs the ground's bias.
    """

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
        first, second, last = (self.layers[index] for index in (0, 3, 5))
        for layer, weight in ((first, 1 / 27), (second, 1 / 16)):
            layer.weight.set_value(paddle.full_like(layer.weight, weight))
            layer.bias.set_value(paddle.zeros_like(layer.bias))
        ground, square = paddle.zeros([1, 32, 1, 1]), paddle.full([1, 32, 1, 1], 10 / 32)
        last.weight.set_value(paddle.concat([ground, square]))
        last.bias.set_value(paddle.to_tensor([0.1, 0.0]))

    def forward(self, image: paddle.Tensor) -> paddle.Tensor:
        return self.layers(image)


class Unexportable(Tiny):
    """The same, with an operator that paddle2onnx 1.3.1 does not know."""

    def forward(self, image: paddle.Tensor) -> paddle.Tensor:
        scores = self.layers(image)
        return scores - paddle.kthvalue(scores, 1, axis=1)[0].unsqueeze(1)


def save(folder: Path, network: type[Tiny] = Tiny) -> None:
    """Save the model, always with the same weights and names."""
    with paddle.utils.unique_name.guard(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = network()
        model.eval()
        shape = paddle.static.InputSpec([-1, 3, 32, 32], "float32", "x")
        paddle.jit.save(model, str(folder / "model"), [shape])

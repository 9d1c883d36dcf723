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
    from paddleseg.models.bisenet import SegHead


class Bound(paddle.nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """A network whose reshape says that a batch is one picture."""

    def __init__(self) -> None:
        super().__init__()
        self.first = paddle.nn.Conv2D(3, 8, 1)
        self.last = paddle.nn.Conv2D(8, 3, 1)

    def forward(self, x: Any) -> Any:
        return [self.last(paddle.reshape(self.first(x), [1, 8, x.shape[2], x.shape[3]]))]


class Stem(paddle.nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """The least backbone that a head of PaddleSeg can stand on."""

    feat_channels = (8,)

    def __init__(self) -> None:
        super().__init__()
        self.conv = paddle.nn.Conv2D(3, *self.feat_channels, 3, stride=4, padding=1)

    def forward(self, x: Any) -> Any:
        return [self.conv(x)]


class OnStem(paddle.nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """A head of BiSeNetV2, its dropout included, on the least backbone."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = Stem(), SegHead(*Stem.feat_channels, 8, 2)

    def forward(self, x: Any) -> Any:
        scores = self.head(self.stem(x)[0])
        return [paddle.nn.functional.interpolate(scores, paddle.shape(x)[2:], mode="bilinear")]


class Joined(paddle.nn.Layer):  # type: ignore[misc]  # Paddle ships no types
    """Layers joined in every way that U-shaped networks know: side by side, added, scaled, transposed."""

    def __init__(self) -> None:
        super().__init__()
        nn = paddle.nn
        self.stem = nn.Sequential(nn.Conv2D(3, 16, 3, padding=1), nn.BatchNorm2D(16), nn.ReLU())
        self.down = nn.Sequential(
            nn.Conv2D(16, 24, 3, stride=2, padding=1), nn.BatchNorm2D(24), nn.Hardswish()
        )
        self.side = nn.Conv2D(16, 24, 1, stride=2, bias_attr=False)
        self.deep = nn.Sequential(nn.Conv2D(24, 24, 3, padding=1, groups=24), nn.BatchNorm2D(24), nn.ReLU())
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2D(1), nn.Conv2D(24, 24, 1), nn.Sigmoid())
        self.up = nn.Conv2DTranspose(24, 16, 2, stride=2)
        self.last = nn.Conv2D(32, 3, 1)

    def forward(self, x: Any) -> Any:
        stem = self.stem(x)
        low = self.deep(self.down(stem) + self.side(stem))
        return [self.last(paddle.concat([stem, self.up(low * self.gate(low))], axis=1))]


NETWORKS: dict[str, Callable[[], Any]] = {
    "Bound": Bound,
    "Joined": Joined,
    "SegHead": OnStem,
    "BiSeNetV2": lambda: models.BiSeNetV2(num_classes=3),
    "UNet": lambda: models.UNet(num_classes=3),
    "PPHumanSegLite": lambda: models.PPHumanSegLite(num_classes=2),
    "OCRHead": lambda: models.OCRNet(
        num_classes=3, backbone=Stem(), backbone_indices=[0], ocr_mid_channels=16, ocr_key_channels=8
    ),
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
    """Save the network, always with the same weights and names."""
    paddle.seed(7)
    model = Exported(NETWORKS[name]())
    model.eval()
    shape = paddle.static.InputSpec([batch or None, 3, height, width], "float32", "x")
    paddle.jit.save(model, str(folder / "model"), [shape])


if __name__ == "__main__":
    network, into, *numbers = sys.argv[1:]
    main(network, Path(into), *map(int, numbers))

"""Models of a few convolutions and pictures of random rectangles: enough to have every shape that matters."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import paddle
from numpy.typing import NDArray

from segcompress_api.dataset import Dataset
from segcompress_runner.compression.static_graph import static_mode
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.lists import Sample
from segcompress_runner.inputs.model import ModelFiles

SIZE = 32
CLASSES = 4
IGNORED = 255
Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Head = Literal["scores", "ids", "ids-with-channel", "no-onnx"]


@dataclass(frozen=True)
class Shape:
    """How a tiny model differs from the plain one."""

    batch: int = -1
    head: Head = "scores"
    classes: int = CLASSES
    size: tuple[int, int] = (SIZE, SIZE)
    is_joined: bool = False
    """Whether values meet between the layers: pooled, concatenated, resized, added."""
    is_gated: bool = False
    """Whether values that can be negative are multiplied by a product of values that cannot."""
    is_tripled: bool = False
    """Whether a layer makes three channels of each one; the scores are half as high and wide."""
    scale: float = 0
    """By which values are resized before the last convolution."""
    bins: int = 0
    """Of an adaptive pooling before the last convolution."""


def tiny_model(folder: Path, shape: Shape = Shape(), change: Change = lambda value: value) -> ModelFiles:
    """Save an untrained model, each parameter as `change` returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        paddle.seed(7)
        x = paddle.static.data("x", [shape.batch, 3, *shape.size], "float32")
        output = _head(_body_of(shape)(x, shape), shape.head)
        executor = paddle.static.Executor(paddle.CPUPlace())
        executor.run(paddle.static.default_startup_program())
        for parameter in paddle.static.default_main_program().all_parameters():
            parameter.set_value(change(np.array(parameter.get_value())))
        paddle.static.save_inference_model(str(folder / "model"), [x], [output], executor)
    return ModelFiles(folder / "model.pdmodel", folder / "model.pdiparams")


def _body_of(shape: Shape) -> Callable[[Any, Shape], Any]:
    if shape.is_gated:
        return _gated_body
    if shape.is_tripled:
        return _tripled_body
    return _joined_body if shape.is_joined else _body


def _body(x: Any, shape: Shape) -> Any:
    y = paddle.static.nn.conv2d(x, 8, 3, stride=2, padding=1, bias_attr=False)
    y = paddle.static.nn.batch_norm(y, act="relu", is_test=True)
    y = paddle.static.nn.conv2d(y, 8, 3, padding=1, groups=8, bias_attr=False, act="relu")
    y = paddle.static.nn.conv2d(y, 16, 1, act="relu")
    if shape.bins:
        y = paddle.nn.functional.adaptive_avg_pool2d(y, shape.bins)
    if shape.scale:
        y = paddle.nn.functional.interpolate(y, scale_factor=shape.scale, mode="bilinear")
    y = paddle.static.nn.conv2d(y, shape.classes, 1)
    return paddle.nn.functional.interpolate(y, size=list(shape.size), mode="bilinear")


def _joined_body(x: Any, shape: Shape) -> Any:
    functional = paddle.nn.functional
    stem = paddle.static.nn.conv2d(x, 16, 3, stride=2, padding=1, act="relu")
    low = paddle.static.nn.conv2d(stem, 16, 3, stride=2, padding=1, act="relu")
    both = paddle.concat([low, functional.avg_pool2d(stem, 2), functional.max_pool2d(stem, 2)], axis=1)
    deep = paddle.static.nn.conv2d(both, 16, 1, act="relu")
    wide = functional.interpolate(deep, scale_factor=2, mode="nearest")
    y = paddle.static.nn.conv2d(stem + wide, shape.classes, 1)
    return functional.interpolate(y, size=list(shape.size), mode="bilinear")


def _gated_body(x: Any, shape: Shape) -> Any:
    stem = paddle.static.nn.conv2d(x, 16, 3, stride=2, padding=1, act="relu")
    gate = paddle.static.nn.conv2d(stem, 16, 1, act="relu")
    other = paddle.static.nn.conv2d(stem, 16, 1, act="relu")
    y = paddle.static.nn.conv2d(gate * other * paddle.static.nn.conv2d(stem, 16, 1), shape.classes, 1)
    return paddle.nn.functional.interpolate(y, size=list(shape.size), mode="bilinear")


def _tripled_body(x: Any, shape: Shape) -> Any:
    y = paddle.static.nn.conv2d(x, 8, 3, stride=2, padding=1, act="relu")
    y = paddle.static.nn.conv2d(y, 24, 3, padding=1, groups=8, act="relu")
    return paddle.static.nn.conv2d(y, shape.classes, 1)


def _head(scores: Any, head: Head) -> Any:
    if head == "no-onnx":
        # paddle2onnx 1.3.1 knows no kthvalue.
        return scores - paddle.kthvalue(scores, 1, axis=1, keepdim=True)[0]
    if head == "scores":
        return paddle.nn.functional.softmax(scores, axis=1)
    return paddle.argmax(scores, axis=1, keepdim=head == "ids-with-channel", dtype="int32")


def tiny_dataset(val_transforms: list[dict[str, Any]] | None = None, classes: int = CLASSES) -> Dataset:
    """Return the dataset section that the pictures below are read by."""
    resize = [{"type": "Resize", "target_size": [SIZE, SIZE]}, {"type": "Normalize"}]
    transforms = val_transforms or resize
    return Dataset.model_validate(
        {
            "uri": "file:///nowhere",
            "numClasses": classes,
            "ignoreIndex": IGNORED,
            "trainTransforms": resize,
            "valTransforms": transforms,
        }
    )


def tiny_samples(folder: Path, count: int = 7) -> tuple[Sample, ...]:
    """Write pictures of several sizes; masks hold all classes but the last, and ignored pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(3)
    samples = []
    for index in range(count):
        height, width = (48, 64) if index % 3 else (70, 40)
        blocks = random.integers(0, 256, (4, 4, 3), np.uint8)
        picture = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_CUBIC)
        mask = (picture[..., 0] // 86).astype(np.uint8)
        mask[:5, :7] = IGNORED
        samples.append(Sample(folder / f"{index}.png", folder / f"{index}-mask.png"))
        cv2.imwrite(str(samples[-1].image), picture)
        cv2.imwrite(str(samples[-1].mask), mask)
    return tuple(samples)


def tiny_pictures(samples: tuple[Sample, ...], dataset: Dataset) -> Pictures:
    """Return the validation pictures of `samples`."""
    return Pictures(samples, dataset.val_transforms, mode="val")

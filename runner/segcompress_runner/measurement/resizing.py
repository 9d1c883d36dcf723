"""A prediction brought back to its mask's size, bit for bit as PaddleSeg does it.

Source: paddleseg 2.8.0, core/infer.py, reverse_transform: bilinear for scores, nearest for ids, padding cut
off. Always Paddle's CPU kernel, in dynamic mode for the length of one call: the caller may be in the middle
of a static graph of its own.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.measurement.loading import Step


def restored(prediction: NDArray[Any], steps: Iterable[Step]) -> NDArray[Any]:
    """Return a C x H x W prediction (float32 scores, or int64 ids with C = 1) after `steps`."""
    for step in steps:
        if step.kind == "resize":
            prediction = _resized(prediction, step.height, step.width)
        else:
            prediction = prediction[:, : step.height, : step.width]
    return prediction


def _resized(prediction: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    if prediction.shape[1:] == (height, width):
        # Paddle's kernel returns its input then, too.
        return prediction
    import paddle

    mode = "nearest" if np.issubdtype(prediction.dtype, np.integer) else "bilinear"
    with paddle.base.dygraph.guard(paddle.CPUPlace()), paddle.no_grad():
        planes = paddle.to_tensor(prediction[np.newaxis].astype(np.float32, copy=False))
        scaled = paddle.nn.functional.interpolate(planes, [height, width], mode=mode)
        result: NDArray[Any] = scaled.numpy()[0]
    return result.astype(prediction.dtype, copy=False)

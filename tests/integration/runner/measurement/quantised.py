"""A tiny model as QuantAware leaves it: paddleslim's own passes, scales from a few pictures, ONNX format."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from segcompress_runner.compression.static_graph import static_mode, without_prints
from segcompress_runner.inputs.model import ModelFiles

_CONFIG: dict[str, Any] = {
    "weight_quantize_type": "channel_wise_abs_max",
    "activation_quantize_type": "moving_average_abs_max",
    "quantize_op_types": ["conv2d", "depthwise_conv2d"],
    "onnx_format": True,
}


def quantise(model: ModelFiles, pictures: NDArray[np.float32], into: Path) -> ModelFiles:
    """Save `model` quantised, calibrated on `pictures` (N x 3 x H x W)."""
    from paddleslim.quant import convert, quant_aware

    into.mkdir(parents=True, exist_ok=True)
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()):
        place = paddle.CPUPlace()
        executor = paddle.static.Executor(place)
        program, (feed,), (fetch,) = paddle.static.load_inference_model(
            str(model.program.with_suffix("")), executor
        )
        with without_prints():
            # The program to save comes first: making it sets the scales that the other then learns.
            saved = quant_aware(program, place, dict(_CONFIG), for_test=True)
            learning = quant_aware(program, place, dict(_CONFIG), for_test=False)
            with warnings.catch_warnings():
                # quant_aware returns a compiled program, which Executor.run minds.
                warnings.simplefilter("ignore")
                for picture in pictures:
                    executor.run(learning, feed={feed: picture[np.newaxis]}, fetch_list=[fetch.name])
            saved = convert(saved, place, dict(_CONFIG))
        block = saved.global_block()
        paddle.static.save_inference_model(
            str(into / "model"), [block.var(feed)], [block.var(fetch.name)], executor, program=saved
        )
    return ModelFiles(into / "model.pdmodel", into / "model.pdiparams")

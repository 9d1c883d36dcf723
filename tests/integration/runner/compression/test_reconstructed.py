"""Layers that cannot be reconstructed are pruned first, so that the others make up for that too."""

from typing import Any

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray

from segcompress_api.act_settings import PruneSettings
from segcompress_runner.compression.static_graph import static_mode
from segcompress_runner.compression.steps.step import Graphs
from segcompress_runner.compression.steps.unstructured import Unstructured

SETTINGS = PruneSettings(
    mode="ratio",
    ratio=0.5,
    threshold=None,
    gmp=None,
    only_1x1=True,
    local=True,
    block=1,
    criterion="reconstruction",
)


def test_outputs_stay_near_although_a_layer_with_groups_is_pruned_by_magnitude() -> None:
    pictures = np.random.default_rng(0).normal(size=(8, 4, 6, 6)).astype(np.float32)
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()), paddle.utils.unique_name.guard():
        program, startup = paddle.static.Program(), paddle.static.Program()
        with paddle.static.program_guard(program, startup):
            picture = paddle.static.data("x", [-1, 4, 6, 6], "float32")
            grouped = paddle.static.nn.conv2d(picture, 8, 1, groups=2, bias_attr=False)
            output = paddle.static.nn.conv2d(grouped, 8, 1)
        executor = paddle.static.Executor(paddle.CPUPlace())
        executor.run(startup)
        scope = paddle.static.global_scope()
        inference = paddle.static.normalize_program(program, [picture], [output])
        step = Unstructured(SETTINGS)
        step.before_loss(Graphs(program.clone(), inference, scope), executor)

        def outputs() -> NDArray[np.float32]:
            found: NDArray[np.float32] = executor.run(program, {"x": pictures}, [output])[0]
            return found

        def weights(name: str) -> Any:
            return np.array(scope.find_var(name).get_tensor())

        dense = outputs()
        for _ in step.see([pictures], executor):
            pass
        pruned = outputs()
    assert [np.mean(weights(name) == 0) for name in ("conv2d_0.w_0", "conv2d_1.w_0")] == [0.5, 0.5]
    assert np.mean(pruned - dense, axis=(0, 2, 3)) == pytest.approx(0.0, abs=1e-5)

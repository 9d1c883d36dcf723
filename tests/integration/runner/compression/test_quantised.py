"""A quantised model on file computes what the training evaluated."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import paddle
import pytest
from numpy.typing import NDArray

from integration.runner.compression.conftest import Compress, Lab
from integration.runner.compression.strategies import quantised, train_config
from segcompress_runner.compression.static_graph import static_graph
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.measurement.evaluation import Options, Predict, evaluate
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleOptions, paddle_predictor
from segcompress_runner.outputs.onnx_export import export_onnx


def by_executor(files: ModelFiles, images: NDArray[np.float32]) -> NDArray[np.float32]:
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        program, feeds, fetches = paddle.static.load_inference_model(
            str(files.program.with_suffix("")), executor
        )
        (output,) = executor.run(program, feed={feeds[0]: images}, fetch_list=fetches)
    return np.asarray(output)


def test_the_file_computes_what_was_evaluated(run: Compress, lab: Lab) -> None:
    images = np.stack([lab.val[index][0] for index in range(4)])
    seen: list[NDArray[np.float32]] = []

    def watched(predict: Predict) -> Any:
        seen.append(predict(images))
        return evaluate(predict, lab.val, lab.dataset, Options(4, 0))

    done = run(quantised() | {"TrainConfig": train_config(4)}, evaluate=watched)
    np.testing.assert_allclose(by_executor(done.files, images), seen[-1], atol=1e-5)


@pytest.mark.parametrize("int8", [False, True])
def test_paddle_inference_computes_nearly_the_same(run: Compress, lab: Lab, *, int8: bool) -> None:
    """Without the int8 pass activations stay in float; with it, oneDNN rounds in places of its own."""
    images = np.stack([lab.val[index][0] for index in range(4)])
    files = run(quantised()).files
    predicted = paddle_predictor(files, PaddleOptions(threads=1, int8=int8))(images)
    assert np.abs(predicted - by_executor(files, images)).mean() < 0.02


def test_the_graph_is_quantised_and_keeps_input_and_output(run: Compress, lab: Lab) -> None:
    saved = inspect_model(run(quantised()).files)
    assert (saved.input_name, saved.input_shape) == (lab.info.input_name, lab.info.input_shape)
    assert saved.output_name == lab.info.output_name
    assert any(name.endswith(".quantized") for name in saved.variables)
    assert not any(name.startswith(("teacher_", "accum", "state")) for name in saved.variables)


def test_weights_are_stored_as_int8(run: Compress, lab: Lab) -> None:
    saved = run(quantised()).files.params.stat().st_size
    assert saved < 0.6 * lab.model.params.stat().st_size


def test_it_exports_to_onnx_with_quantise_and_dequantise_operators(run: Compress, tmp_path: Path) -> None:
    exported = export_onnx(run(quantised()).files, tmp_path / "model.onnx")
    kinds = {node.op_type for node in onnx.load(exported).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear", "Conv"} <= kinds


@pytest.mark.parametrize(
    "changes",
    [
        {"use_pact": True},
        {"is_full_quantize": True},
        {"weight_quantize_type": "abs_max"},
        {"moving_rate": 0.5},
    ],
)
def test_every_setting_trains_to_a_file_that_scores_alike(
    run: Compress, lab: Lab, changes: dict[str, Any]
) -> None:
    done = run(quantised(**changes))
    scores = evaluate(
        paddle_predictor(done.files, PaddleOptions(threads=1)), lab.val, lab.dataset, Options(4, 0)
    )
    assert scores.miou == pytest.approx(done.best.miou, abs=0.05)


def test_pact_changes_what_is_learnt(run: Compress) -> None:
    with_pact, without = run(quantised(use_pact=True)), run(quantised())
    assert with_pact.files.params.read_bytes() != without.files.params.read_bytes()


def test_a_schedule_lowers_the_rate_of_a_quantised_training_too(run: Compress) -> None:
    """The quantisation passes return a program that has lost its schedule."""
    once = run(quantised() | {"TrainConfig": train_config(1)})
    falling = {"type": "PiecewiseDecay", "boundaries": [1], "values": [0.01, 0.0]}
    longer = run(
        quantised() | {"TrainConfig": train_config(5, learning_rate=falling, optimizer_builder=None)}
    )
    steady = run(quantised() | {"TrainConfig": train_config(5, optimizer_builder=None)})
    assert bias(longer.files) == pytest.approx(bias(once.files), abs=1e-7)
    assert bias(steady.files) != pytest.approx(bias(once.files), abs=1e-7)


def bias(files: ModelFiles) -> list[float]:
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        paddle.static.load_inference_model(str(files.program.with_suffix("")), executor)
        scope = paddle.static.global_scope()
        return [float(value) for value in np.array(scope.find_var("batch_norm2d_1.b_0").get_tensor())]

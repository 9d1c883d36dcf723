"""Post-training quantisation: no training, scales from pictures, and a file like that of a training."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import paddle
import pytest
from numpy.typing import NDArray

from integration.runner.compression.conftest import Compress, Lab, Listener
from integration.runner.compression.strategies import calibrated, quantised, sparse
from segcompress_api.act_settings import SparsityTarget
from segcompress_runner.compression.static_graph import static_graph
from segcompress_runner.errors import InvalidSettingError, PreemptedError
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.measurement.evaluation import Options, Predict, evaluate
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleOptions, paddle_predictor
from segcompress_runner.measurement.sparsity import measure_sparsity
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.progress import Stage


def values_of(files: ModelFiles) -> dict[str, NDArray[Any]]:
    """Return what a file holds, by variable."""
    with static_graph(device="CPU", threads=1, seed=0) as executor:
        program, _, _ = paddle.static.load_inference_model(str(files.program.with_suffix("")), executor)
        scope = paddle.static.global_scope()
        return {
            var.name: np.array(scope.find_var(var.name).get_tensor())
            for var in program.list_vars()
            if var.persistable and var.name not in {"feed", "fetch"}
        }


def digest(files: ModelFiles) -> str:
    return hashlib.sha256(files.params.read_bytes()).hexdigest()


def test_it_computes_nearly_what_the_float_model_does(run: Compress, lab: Lab) -> None:
    images = np.stack([lab.val[index][0] for index in range(4)])
    seen: list[NDArray[np.float32]] = []

    def watched(predict: Predict) -> Any:
        seen.append(predict(images))
        return evaluate(predict, lab.val, lab.dataset, Options(4, 0))

    done = run(calibrated(), evaluate=watched)
    before = paddle_predictor(lab.model, PaddleOptions(threads=1))(images)
    assert 0 < np.abs(seen[-1] - before).mean() < 0.02
    for int8 in (False, True):
        after = paddle_predictor(done.files, PaddleOptions(threads=1, int8=int8))(images)
        assert np.abs(after - seen[-1]).mean() < 0.02


def test_weights_and_graph_are_those_of_a_training_without_its_updates(run: Compress, lab: Lab) -> None:
    done, trained = run(calibrated()), run(quantised() | {"Distillation": {}})
    made, other, before = values_of(done.files), values_of(trained.files), values_of(lab.model)
    assert made.keys() == other.keys()
    assert (done.iterations, done.losses, [one.iteration for one in done.history]) == (0, (), [0])
    for name, codes in made.items():
        if codes.dtype == np.int8:
            scale = made[f"{name}@scale"].reshape(-1, *[1] * (codes.ndim - 1)) / 127
            np.testing.assert_allclose(codes * scale, before[name], atol=float(scale.max()) * 0.51)


def test_no_scale_keeps_the_value_that_it_begins_with(run: Compress) -> None:
    scales = {n: v for n, v in values_of(run(calibrated(algo="abs_max")).files).items() if "@scale" in n}
    assert len(scales) > 10
    assert all(np.all(scale != 0.001) and np.all(scale > 0) for scale in scales.values())


def test_it_exports_to_onnx_with_quantise_and_dequantise_operators(run: Compress, tmp_path: Path) -> None:
    exported = export_onnx(run(calibrated()).files, tmp_path / "model.onnx")
    kinds = {node.op_type for node in onnx.load(exported).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear", "Conv"} <= kinds


def test_every_setting_gives_a_file_of_its_own(run: Compress, lab: Lab) -> None:
    settings: list[dict[str, Any]] = [
        *({"algo": algo} for algo in ("KL", "hist", "avg", "mse", "abs_max")),
        {"hist_percent": 0.9},
        {"batch_size": 2, "batch_nums": 1},
        {"is_full_quantize": True},
        {"weight_quantize_type": "abs_max"},
        {"skip_tensor_list": [lab.node]},
        {"quantize_op_types": ["conv2d"]},
    ]
    skipped = max(name for name in lab.info.variables if name.startswith("relu"))
    settings[-2]["skip_tensor_list"] = [skipped]
    done = [run(calibrated(**each)) for each in settings]
    assert len({digest(one.files) for one in done}) == len(settings)
    for one in done:
        scores = evaluate(
            paddle_predictor(one.files, PaddleOptions(threads=1)), lab.val, lab.dataset, Options(4, 0)
        )
        assert scores.miou == pytest.approx(one.best.miou, abs=0.05)


def test_two_runs_give_the_same_bytes_and_another_seed_another_order(run: Compress) -> None:
    few = calibrated(batch_size=3, batch_nums=1)
    assert digest(run(few).files) == digest(run(few, threads=2).files)
    assert digest(run(few).files) != digest(run(few, seed=1).files)


def test_progress_counts_the_pictures(run: Compress, lab: Lab) -> None:
    some, every = Listener(), Listener()
    run(calibrated(batch_size=2, batch_nums=3), progress=some)
    run(calibrated(), progress=every)
    assert some.stages[-1] == (Stage.COMPRESS, 6)
    assert [done for done, _ in some.steps] == [1, 2, 3, 4, 5, 6]
    assert every.stages[-1] == (Stage.COMPRESS, len(lab.train))
    assert some.notes[-1].startswith("calibrated: mIoU 0.")


def test_sigterm_is_heard_at_the_next_picture(run: Compress) -> None:
    answers = iter([False, False])
    with pytest.raises(PreemptedError, match="at picture 3 of 18"):
        run(calibrated(), stop=lambda: next(answers, True))


def test_a_skipped_tensor_must_be_one_of_the_model_s(run: Compress) -> None:
    with pytest.raises(InvalidSettingError) as error:
        run(calibrated(skip_tensor_list=["relu_O.tmp_0"]))
    assert str(error.value).startswith(
        "spec.strategy.QuantPost.skip_tensor_list: relu_O.tmp_0 is not a variable"
    )
    assert "; did you mean relu_" in str(error.value)


def test_what_was_pruned_is_quantised_and_not_the_model_that_came(run: Compress) -> None:
    """PaddleSlim's ACT quantises the model that came."""
    done = run(sparse(0.75) | {"QuantPost": calibrated()["QuantPost"]})
    assert measure_sparsity(done.files, SparsityTarget(0.75, only_1x1=True)).pruned_layers == pytest.approx(
        0.75, abs=0.005
    )
    assert any(name.endswith(".quantized") for name in inspect_model(done.files).variables)
    assert [one.iteration for one in done.history] == [4, 8, 12, 12]

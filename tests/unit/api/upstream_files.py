"""The ACT sections of PaddleSlim's segmentation examples, as data.

Names, numbers and spelling are those of PaddleSlim's example/auto_compression/semantic_segmentation/configs
(develop), so that what users of those examples paste is what is tested here.
"""

from typing import Any

Sections = dict[str, Any]

_CITYSCAPES = "configs/dataset/cityscapes_1024x512_scale1.0.yml"
_HUMANSEG = "configs/dataset/humanseg_dataset.yaml"
_CONVOLUTIONS = ["conv2d", "depthwise_conv2d"]


def _global(reader: str, folder: str, suffix: str = "", **more: Any) -> Sections:
    names = {"model_filename": f"model{suffix}", "params_filename": "model.pdiparams" if suffix else "params"}
    return {"reader_config": reader, "model_dir": folder, **names, **more}


def _distillation(node: str) -> Sections:
    return {"alpha": 1.0, "loss": "l2", "node": [node]}


def _train(epochs: int, eval_iter: int, rate: Any, decay: float = 0.0005, **more: Any) -> Sections:
    builder = {"optimizer": {"type": "SGD"}, "weight_decay": decay}
    return {
        "epochs": epochs,
        "eval_iter": eval_iter,
        "learning_rate": rate,
        "optimizer_builder": builder,
        **more,
    }


def _piecewise(boundaries: list[int], values: list[float]) -> Sections:
    return {"type": "PiecewiseDecay", "boundaries": boundaries, "values": values}


_GMP = {
    "prune_strategy": "gmp",
    "prune_mode": "ratio",
    "ratio": 0.75,
    "gmp_config": {
        "stable_iterations": 0,
        "pruning_iterations": 4500,
        "tunning_iterations": 4500,
        "resume_iteration": -1,
        "pruning_steps": 100,
        "initial_ratio": 0.15,
    },
    "prune_params_type": "conv1x1_only",
    "local_sparsity": True,
}

BISENETV2_QAT: Sections = {
    "Global": _global(_CITYSCAPES, "./BiSeNetV2", ".pdmodel", input_name="x", batch_size=4),
    "Distillation": _distillation("conv2d_103.tmp_1"),
    "Quantization": {"onnx_format": True, "quantize_op_types": _CONVOLUTIONS},
    "TrainConfig": _train(5, 360, _piecewise([2], [0.00001, 0.000001]), logging_iter=100),
}

DEEPLABV3_QAT: Sections = {
    "Global": _global(_CITYSCAPES, "./RES-paddle2-Deeplabv3-ResNet50", batch_size=4),
    "Distillation": _distillation("conv2d_123.tmp_1"),
    "QuantAware": {"onnx_format": True, "quantize_op_types": _CONVOLUTIONS},
    "TrainConfig": _train(1, 360, 0.0001),
}

HRNET_QAT: Sections = {
    "Global": _global(_CITYSCAPES, "./RES-paddle2-HRNetW18-Seg"),
    "Distillation": _distillation("conv2d_613.tmp_1"),
    "Quantization": {"onnx_format": True, "quantize_op_types": _CONVOLUTIONS},
    "TrainConfig": _train(20, 360, 0.0001, 4.0e-05),
}

HRNET_SPARSE: Sections = {
    "Global": _global(_CITYSCAPES, "./RES-paddle2-HRNetW18-Seg"),
    "Distillation": _distillation("conv2d_613.tmp_1"),
    "UnstructurePrune": _GMP,
    "TrainConfig": _train(14, 90, _piecewise([4500], [0.0005, 0.00025])),
}

PP_HUMANSEG_QAT: Sections = {
    "Global": _global(_HUMANSEG, "./ppseg_lite_portrait_398x224_with_softmax", ".pdmodel"),
    "Distillation": _distillation("batch_norm_47.tmp_2"),
    "QuantAware": {"onnx_format": True, "quantize_op_types": _CONVOLUTIONS},
    "TrainConfig": _train(1, 400, 0.00005),
}

PP_HUMANSEG_SPARSE: Sections = {
    "Global": _global(_HUMANSEG, "./ppseg_lite_portrait_398x224_with_softmax", ".pdmodel", input_name="x"),
    "Distillation": _distillation("batch_norm_47.tmp_2"),
    "UnstructurePrune": _GMP,
    "TrainConfig": _train(14, 400, _piecewise([4500], [0.005, 0.0005])),
}

PP_LITESEG_QAT: Sections = {
    "Global": _global(_CITYSCAPES, "./RES-paddle2-PPLIteSegSTDC1"),
    "Distillation": _distillation("conv2d_95.tmp_0"),
    "Quantization": {"quantize_op_types": _CONVOLUTIONS},
    "TrainConfig": _train(20, 180, 0.0005, 4.0e-05),
}

PP_LITESEG_SPARSE: Sections = {
    "Global": _global(_CITYSCAPES, "./RES-paddle2-PPLIteSegSTDC1", input_name="x"),
    "Distillation": _distillation("conv2d_95.tmp_0"),
    "UnstructurePrune": _GMP,
    "TrainConfig": _train(50, 180, _piecewise([4500], [0.0025, 0.00025])),
}

PPMATTING_QAT: Sections = {
    "Global": _global("configs/dataset/composition-1k_dataset.yaml", "./output/PPMatting", ".pdmodel"),
    "Distillation": {"alpha": 1.0, "loss": "soft_label"},
    "QuantAware": {"onnx_format": True, "quantize_op_types": _CONVOLUTIONS},
    "TrainConfig": _train(2, 1000, 0.00001, 4.0e-05),
}

UNET_QAT: Sections = {
    "Global": {"reader_config": _CITYSCAPES},
    "Distillation": _distillation("conv2d_37.tmp_1"),
    "Quantization": {"quantize_op_types": _CONVOLUTIONS},
    "TrainConfig": {
        "epochs": 20,
        "eval_iter": 360,
        "learning_rate": 0.0001,
        "optimizer": "SGD",
        "optim_args": {"weight_decay": 4.0e-05},
    },
}

UNET_CHANNEL_PRUNE: Sections = {
    "Global": _global(_CITYSCAPES, "./RES-paddle2-UNet"),
    "Distillation": _distillation("conv2d_37.tmp_1"),
    "ChannelPrune": {
        "pruned_ratio": 0.25,
        "prune_params_name": [f"conv2d_{number}.w_0" for number in range(17, -1, -1)],
        "criterion": "l1_norm",
    },
    "TrainConfig": {
        **_train(
            861,
            180,
            _piecewise(
                [1000, 2000, 3000, 40000, 80000, 120000],
                [0.00001, 0.0001, 0.001, 0.01, 0.001, 0.0001, 0.00001],
            ),
        ),
        "optimizer_builder": {"optimizer": {"type": "Momentum", "momentum": 0.9}, "weight_decay": 4.0e-05},
    },
}

PP_HUMANSEG_AUTO: Sections = {
    "Global": _global(
        _HUMANSEG, "./ppseg_lite_portrait_398x224_with_softmax", ".pdmodel", deploy_hardware="SD710"
    ),
    "TrainConfig": _train(14, 400, 5.0e-03),
}

PP_LITESEG_AUTO: Sections = {
    "Global": _global(_CITYSCAPES, "./RES-paddle2-PPLIteSegSTDC1", input_name="x"),
    "TrainConfig": _train(14, 90, _piecewise([900], [0.001, 0.0005])),
}


def optimizer(content: Sections) -> Sections:
    """Return the optimiser that a file names, in either spelling."""
    train = content["TrainConfig"]
    if "optimizer_builder" in train:
        return dict(train["optimizer_builder"]["optimizer"])
    return {"type": train["optimizer"]}

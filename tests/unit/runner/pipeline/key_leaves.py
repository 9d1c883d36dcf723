"""Every leaf of the spec, and which keys a change of it changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

Spec = dict[str, Any]
Changed = Literal["both", "measurement", "neither"]


def make_base(**strategy: Any) -> Spec:
    transforms = [{"type": "Normalize"}]
    return {
        "model": {"inference": {"uri": "s3://models/x/"}},
        "dataset": {
            "uri": "s3://datasets/x/",
            "num_classes": 2,
            "train_transforms": transforms,
            "val_transforms": transforms,
        },
        "strategy": {"train_config": {"train_iter": 500, "learning_rate": 0.01}, **strategy},
        "output": {"uri": "s3://compressed/x/"},
    }


GMP = {"pruning_iterations": 100, "pruning_steps": 5, "initial_ratio": 0.1}
SPARSE = make_base(unstructure_prune={"ratio": 0.75, "prune_strategy": "gmp", "gmp_config": GMP})
AT_ONCE = make_base(unstructure_prune={"ratio": 0.75})
OLD_RATIO = make_base(unstructure_prune={"pruned_ratio": 0.75})
BY_LAYER = make_base(unstructure_prune={"ratio": 0.75, "local_sparsity": True})
BY_LAYER_1X1 = make_base(
    unstructure_prune={"ratio": 0.75, "local_sparsity": True, "prune_params_type": "conv1x1_only"}
)
ONLY_1X1 = make_base(unstructure_prune={"ratio": 0.75, "prune_params_type": "conv1x1_only"})
THRESHOLD = make_base(unstructure_prune={"prune_mode": "threshold", "threshold": 0.01})
QUANTISED = make_base(quant_aware={})
NARROWER = make_base(channel_prune={"pruned_ratio": 0.25, "prune_params_name": ["w"]})
TWO_OF_FOUR = make_base(asp_prune={})
OLD_QUANTISED = make_base(quantization={})
CALIBRATED = make_base(quant_post={"batch_nums": 4})
del CALIBRATED["strategy"]["train_config"]
LABELLED = make_base(unstructure_prune={"ratio": 0.75})
LABELLED["dataset"] |= {"format": "EISeg", "class_names": ["ground", "thing"]}
LISTED = make_base(unstructure_prune={"ratio": 0.75})
LISTED["dataset"] |= {"format": "EISeg", "label_list": "labels.txt"}
NETWORK = make_base(unstructure_prune={"ratio": 0.75})
NETWORK["model"] = {
    "paddleseg": {
        "config_uri": "s3://models/x.yml",
        "weights_uri": "s3://models/x.pdparams",
        "input_shape": [1, 3, 8, 8],
    }
}
IN_EPOCHS = make_base(unstructure_prune={"ratio": 0.75}, train_config={"epochs": 7, "learning_rate": 0.01})


@dataclass(frozen=True)
class Leaf:
    """What a change of a leaf changes, values that differ from the base's, and the base."""

    changed: Changed
    values: st.SearchStrategy[Any]
    base: Spec


def both(values: st.SearchStrategy[Any], base: Spec = SPARSE) -> Leaf:
    return Leaf("both", values, base)


def measurement(values: st.SearchStrategy[Any]) -> Leaf:
    return Leaf("measurement", values, SPARSE)


def neither(*values: Any) -> Leaf:
    return Leaf("neither", st.sampled_from(values), SPARSE)


def integers(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most)


def fractions(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(least, most, allow_nan=False, exclude_min=True, exclude_max=True)


SIZES = st.lists(integers(1, 2048), min_size=2, max_size=2)
TRANSFORMS = SIZES.map(lambda size: [{"type": "Resize", "target_size": size}])
NAMES = st.lists(st.text("abc_.", min_size=1), min_size=1, max_size=3, unique=True)
DECIMALS = integers(0, 999).map(lambda value: f"0.{value:03}")
RATIOS = integers(0, 999).map(lambda value: f"1.{value:03}")
QUANT_OPS = ["conv2d", "depthwise_conv2d", "mul", "matmul"]


def quantisation(section: str, base: Spec) -> dict[str, Leaf]:
    return {
        f"strategy.{section}.is_full_quantize": both(st.just(True), base),  # noqa: FBT003 - a value
        f"strategy.{section}.not_quant_pattern": both(NAMES, base),
        f"strategy.{section}.quantize_op_types": both(
            st.lists(st.sampled_from(QUANT_OPS), min_size=1, max_size=4, unique=True), base
        ),
        f"strategy.{section}.use_pact": both(st.just(True), base),  # noqa: FBT003 - a value
        f"strategy.{section}.weight_quantize_type": both(st.just("abs_max"), base),
        f"strategy.{section}.moving_rate": both(fractions(0, 0.9), base),
    }


LEAVES: Mapping[str, Leaf] = {
    "model.inference.uri": neither("s3://elsewhere/", "file:///copy/"),
    "model.inference.model_file": neither("net.pdmodel"),
    "model.inference.params_file": neither("net.pdiparams"),
    "model.paddleseg.config_uri": Leaf("neither", st.just("s3://elsewhere/net.yml"), NETWORK),
    "model.paddleseg.weights_uri": Leaf("neither", st.just("s3://elsewhere/x.pdparams"), NETWORK),
    "model.paddleseg.input_shape": both(
        st.tuples(integers(2, 9), st.just(3), integers(1, 99), integers(1, 99)).map(list), NETWORK
    ),
    "model.paddleseg.output_op": both(st.sampled_from(["none", "softmax"]), NETWORK),
    "dataset.uri": neither("s3://elsewhere/", "file:///copy/"),
    "dataset.train_list": neither("lists/training.txt"),
    "dataset.val_list": neither("lists/validation.txt"),
    "dataset.num_classes": both(integers(3, 256)),
    "dataset.format": both(st.sampled_from(["PaddleSeg", "Labelme"]), LABELLED),
    "dataset.label_list": Leaf("neither", st.just("lists/labels.txt"), LISTED),
    "dataset.class_names": measurement(st.lists(st.text("abc", min_size=1), min_size=2, max_size=2)),
    "dataset.ignore_index": both(integers(0, 254)),
    "dataset.batch_size": both(integers(1, 15) | integers(17, 1024)),
    "dataset.train_transforms.type": both(TRANSFORMS),
    "dataset.val_transforms.type": both(TRANSFORMS),
    "strategy.distillation.alpha": both(fractions(1.0, 9)),
    "strategy.distillation.loss": both(st.sampled_from(["soft_label", "dkd", "skd"])),
    "strategy.distillation.node": both(NAMES),
    "strategy.distillation.distill_lambda": both(fractions(1.0, 9)),
    "strategy.distillation.distill_loss": both(st.sampled_from(["soft_label_loss", "skd"])),
    "strategy.distillation.distill_node_pair": both(
        NAMES.map(lambda names: [part for name in names for part in (f"teacher_{name}", name)])
    ),
    "strategy.distillation.merge_feed": neither(True, False),  # noqa: FBT003 - values
    "strategy.distillation.teacher_model_dir": neither("inference/", "elsewhere/"),
    "strategy.distillation.teacher_model_filename": neither("model.pdmodel"),
    "strategy.distillation.teacher_params_filename": neither("model.pdiparams"),
    "strategy.unstructure_prune.prune_strategy": both(st.just("gmp"), AT_ONCE),
    "strategy.unstructure_prune.prune_mode": both(st.just("threshold"), AT_ONCE),
    "strategy.unstructure_prune.threshold": both(fractions(0.01, 1), THRESHOLD),
    "strategy.unstructure_prune.ratio": both(fractions(0.1, 0.75)),
    "strategy.unstructure_prune.pruned_ratio": both(fractions(0.1, 0.75), OLD_RATIO),
    "strategy.unstructure_prune.gmp_config.stable_iterations": both(integers(1, 99)),
    "strategy.unstructure_prune.gmp_config.pruning_iterations": both(integers(101, 400)),
    "strategy.unstructure_prune.gmp_config.tunning_iterations": neither(1, 400),
    "strategy.unstructure_prune.gmp_config.pruning_steps": both(integers(6, 9)),
    "strategy.unstructure_prune.gmp_config.initial_ratio": both(fractions(0.1, 0.75)),
    "strategy.unstructure_prune.prune_params_type": both(st.just("conv1x1_only")),
    "strategy.unstructure_prune.local_sparsity": both(st.just(True)),  # noqa: FBT003 - a value
    "strategy.unstructure_prune.criterion": both(st.just("reconstruction"), BY_LAYER_1X1),
    "strategy.unstructure_prune.layer_ratios": both(
        fractions(0, 1).map(lambda ratio: {"conv2d_7.w_0": ratio}), BY_LAYER
    ),
    "strategy.unstructure_prune.sparse_block": both(st.just([4, 1]), ONLY_1X1),
    "strategy.channel_prune.pruned_ratio": both(fractions(0.25, 1), NARROWER),
    "strategy.channel_prune.prune_params_name": both(st.sampled_from([["v"], ["v", "w"], []]), NARROWER),
    "strategy.channel_prune.criterion": both(st.sampled_from(["bn_scale", "geometry_median"]), NARROWER),
    "strategy.asp_prune.prune_params_name": both(NAMES, TWO_OF_FOUR),
    **quantisation("quant_aware", QUANTISED),
    **quantisation("quantization", OLD_QUANTISED),
    "strategy.quant_post.batch_size": both(integers(1, 31), CALIBRATED),
    "strategy.quant_post.batch_nums": both(integers(5, 99), CALIBRATED),
    "strategy.quant_post.algo": both(st.sampled_from(["KL", "avg", "mse", "abs_max"]), CALIBRATED),
    "strategy.quant_post.hist_percent": both(fractions(0, 0.999), CALIBRATED),
    "strategy.quant_post.is_full_quantize": both(st.just(True), CALIBRATED),  # noqa: FBT003 - a value
    "strategy.quant_post.quantize_op_types": both(
        st.lists(st.sampled_from(QUANT_OPS), min_size=1, max_size=4, unique=True), CALIBRATED
    ),
    "strategy.quant_post.skip_tensor_list": both(NAMES, CALIBRATED),
    "strategy.quant_post.weight_quantize_type": both(st.just("abs_max"), CALIBRATED),
    "strategy.quant_post.activation_quantize_type": Leaf("neither", st.just("abs_max"), CALIBRATED),
    "strategy.train_config.epochs": both(integers(8, 99), IN_EPOCHS),
    "strategy.train_config.train_iter": both(integers(501, 9999)),
    "strategy.train_config.eval_iter": both(integers(1, 999)),
    "strategy.train_config.logging_iter": neither(1, 7, 1000),
    "strategy.train_config.learning_rate": both(fractions(0.01, 1)),
    "strategy.train_config.optimizer_builder": both(
        fractions(0.0, 1).map(lambda decay: {"optimizer": {"type": "SGD"}, "weight_decay": decay})
    ),
    "strategy.train_config.optimizer": both(st.sampled_from(["Adam", "Momentum"])),
    "strategy.train_config.optim_args": both(fractions(0.0, 1).map(lambda decay: {"weight_decay": decay})),
    "strategy.train_config.target_metric": both(fractions(0, 1)),
    "strategy.train_config.origin_metric": neither(0.9),
    "strategy.global_": neither({"model_dir": "x"}, {"input_name": ["x"]}),
    "benchmark.runtimes": measurement(
        st.sampled_from([["PaddleInference"], ["ONNXRuntime"], ["ONNXRuntime", "PaddleInference"]])
    ),
    "exports": measurement(st.sampled_from([["ONNX"], ["MNN"], ["ONNX", "OpenVINO"]])),
    "benchmark.threads": measurement(integers(2, 64)),
    "benchmark.warmup": measurement(integers(0, 49)),
    "benchmark.min_queries": measurement(integers(16, 1023)),
    "acceptance.max_miou_drop": measurement(DECIMALS),
    "acceptance.max_class_iou_drop": measurement(DECIMALS),
    "acceptance.max_boundary_iou_drop": measurement(DECIMALS),
    "acceptance.max_size_ratio": measurement(RATIOS),
    "acceptance.min_speedup.runtime": measurement(st.sampled_from(["PaddleInference", "ONNXRuntime"])),
    "acceptance.min_speedup.ratio": measurement(RATIOS),
    "acceptance.min_sparsity": measurement(DECIMALS),
    "output.uri": neither("s3://elsewhere/"),
    "storage.secret_ref.name": neither("object-store"),
    "runtime.resources.requests": neither({"cpu": "2"}),
    "runtime.resources.limits": neither({"cpu": "2"}),
    "runtime.node_selector": neither({"zone": "a"}),
    "runtime.tolerations.key": neither([{"key": "gpu"}]),
    "runtime.tolerations.operator": neither([{"operator": "Exists"}]),
    "runtime.tolerations.value": neither([{"value": "x"}]),
    "runtime.tolerations.effect": neither([{"effect": "NoSchedule"}]),
    "runtime.tolerations.toleration_seconds": neither([{"toleration_seconds": 3}]),
    "runtime.priority_class_name": neither("high"),
    "runtime.runtime_class_name": neither("nvidia"),
    "runtime.image": neither("registry.example.com/runner:1"),
    "seed": both(integers(1, 2**31 - 1)),
    "suspend": neither(True),  # noqa: FBT003 - its value
    "backoff_limit": neither(0, 9),
    "preemption_limit": neither(0, 9),
    "active_deadline_seconds": neither(5),
    "ttl_seconds_after_finished": neither(0, 60),
}
TOGETHER: Mapping[str, Spec] = {
    "strategy.unstructure_prune.prune_strategy": {"gmp_config": GMP},
    "strategy.unstructure_prune.prune_mode": {"threshold": 0.01, "ratio": None},
    "acceptance.min_speedup.runtime": {"ratio": "1.1"},
    "acceptance.min_speedup.ratio": {"runtime": "PaddleInference"},
}
"""Leaves beside a leaf that must change with it."""


ONE_VALUE = {
    "runtime.gpus",
    "strategy.unstructure_prune.gmp_config.resume_iteration",
    *(
        f"strategy.{section}.{name}"
        for section in ("quant_aware", "quantization")
        for name in ("weight_bits", "activation_bits", "onnx_format", "activation_quantize_type")
    ),
    *(f"strategy.quant_post.{name}" for name in ("weight_bits", "activation_bits", "onnx_format")),
}
"""Fields that take one value only."""


ELSEWHERE = {
    "dataset.reader_config_uri": "the file's transforms take its place before a key is made",
    "strategy.preset": "its sections take its place before a key is made",
    "strategy.config_uri": "the file's sections take its place before a key is made",
    "runtime.device": "an argument of its own: `segcompress run --device` overrides it",
}

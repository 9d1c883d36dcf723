"""Which operators of a model Paddle's int8 pass on oneDNN may take.

By itself it takes pooling too. Where the bins of an adaptive pooling differ in size, which the input's size
decides, oneDNN has no kernel and Paddle none for int8: the model does not run ("There are no kernels which
are registered in the pool2d operator"). Convolutions are called fused_conv2d when the pass sees them, so that
a list with conv2d alone quantises nothing.
"""

from segcompress_runner.inputs.model import ModelFiles, parse_program

WITHOUT_POOLING = frozenset(
    {
        "concat",
        "conv2d",
        "depthwise_conv2d",
        "elementwise_add",
        "elementwise_mul",
        "elementwise_sub",
        "fc",
        "fused_conv2d",
        "fused_conv3d",
        "fused_elementwise_add",
        "fused_elementwise_mul",
        "fused_elementwise_sub",
        "fused_matmul",
        "fused_transpose",
        "fusion_gru",
        "fusion_lstm",
        "matmul",
        "matmul_v2",
        "multi_gru",
        "nearest_interp",
        "nearest_interp_v2",
        "prior_box",
        "reshape2",
        "slice",
        "split",
        "transpose2",
    }
)
"""What the pass takes by itself, but for pool2d. Source: Paddle 2.6.2, cpu_quantize_placement_pass.cc."""


def int8_operators(files: ModelFiles) -> set[str]:
    """Return what the pass may take of a model; an empty set stands for its own list."""
    return set(WITHOUT_POOLING) if _pools_adaptively(files) else set()


def _pools_adaptively(files: ModelFiles) -> bool:
    """Return whether a pooling is told a number of bins above 1."""
    pools = (op for block in parse_program(files.program).blocks for op in block.ops if op.type == "pool2d")
    attributes = ({one.name: one for one in op.attrs} for op in pools)
    return any(
        "adaptive" in each and each["adaptive"].b and set(each["ksize"].ints) != {1} for each in attributes
    )

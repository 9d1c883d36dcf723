"""Which operators of a model Paddle's int8 pass on oneDNN may quantise.

By default it quantises two kinds that do not run in every model:

- Sums and products. Their kernels return the type that they read, int8 or uint8, but the pass expects int8.
  A kernel that reads such a uint8 value together with an int8 value fails ("The type of data we are trying
  to retrieve (uint8) does not match the type of data (int8) currently contained in the container"), as in
  PP-MobileSeg, which multiplies activations. In float they take no more time (docs/decisions/0041).
- Adaptive pooling. If its bins differ in size, which depends on the size of the input, neither oneDNN nor
  Paddle has an int8 kernel, and the model does not run ("There are no kernels which are registered in the
  pool2d operator").

When the pass runs, convolutions are already called fused_conv2d, so a list with only conv2d quantises
nothing; sums and products have both names.
"""

from segcompress_runner.inputs.model import ModelFiles, parse_program

POOLING = "pool2d"
DEFAULT = frozenset(
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
        POOLING,
        "prior_box",
        "reshape2",
        "slice",
        "split",
        "transpose2",
    }
)
"""What the pass quantises by default. Source: Paddle 2.6.2, cpu_quantize_placement_pass.cc."""

SUMS_AND_PRODUCTS = frozenset(name for name in DEFAULT if "elementwise" in name)


def int8_operators(files: ModelFiles) -> set[str]:
    """Return the operators of a model that the pass may quantise."""
    return {*DEFAULT - SUMS_AND_PRODUCTS} - ({POOLING} if _pools_adaptively(files) else set())


def _pools_adaptively(files: ModelFiles) -> bool:
    """Return whether the model has an adaptive pooling with more than one bin."""
    pools = (op for block in parse_program(files.program).blocks for op in block.ops if op.type == POOLING)
    attributes = ({one.name: one for one in op.attrs} for op in pools)
    return any(
        "adaptive" in each and each["adaptive"].b and set(each["ksize"].ints) != {1} for each in attributes
    )

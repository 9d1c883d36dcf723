"""The operators that an inference program may hold: those that compute tensors from tensors.

Paddle 2.6.2 registers some 780 forward operators. Among them are operators that read and write files
(read_file, save_combine, load_combine), call Python (py_func, pylayer), run or compile other programs
(run_program, tensorrt_engine, cinn_launch) or speak to the network (send_v2, listen_and_serv). A list of what
is harmless stays right when Paddle gains another.
"""

from collections.abc import Iterable
from typing import Any

_PROGRAM = """
    assert assign conditional_block conditional_block_infer feed fetch increment lod_array_length
    read_from_array select_input select_output tensor_array_to_tensor while write_to_array
"""
_SOURCES = """
    assign_value bernoulli dropout empty eye fill_any_like fill_constant fill_constant_batch_size_like
    fill_zeros_like gaussian_random linspace memcpy memcpy_d2h memcpy_h2d one_hot_v2 randint randperm
    range share_data tril_indices triu_indices truncated_gaussian_random uniform_random
"""
_LAYERS = """
    affine_channel affine_grid batch_norm bicubic_interp bicubic_interp_v2 bilateral_slice
    bilinear_interp bilinear_interp_v2 channel_shuffle conv2d conv2d_transpose conv3d conv3d_transpose
    correlation deformable_conv deformable_conv_v1 depthwise_conv2d depthwise_conv2d_transpose fc fold
    frobenius_norm grid_sampler group_norm gru gru_unit im2sequence instance_norm l1_norm layer_norm
    linear_interp linear_interp_v2 lookup_table_v2 lrn lstm max_pool2d_with_index max_pool3d_with_index
    maxout nearest_interp nearest_interp_v2 norm p_norm pad pad2d pad3d pixel_shuffle pixel_unshuffle
    pool2d pool3d prelu psroi_pool rms_norm rnn roi_align roi_pool shuffle_channel spectral_norm spp
    squared_l2_norm sync_batch_norm temporal_shift trilinear_interp trilinear_interp_v2 unfold unpool
    unpool3d
"""
_ACTIVATIONS = """
    brelu celu elu gelu gumbel_softmax hard_shrink hard_sigmoid hard_swish leaky_relu log_softmax
    logsigmoid mish relu relu6 rrelu selu sigmoid silu soft_relu softmax softplus softshrink softsign
    stanh swish tanh tanh_shrink thresholded_relu
"""
_ELEMENTWISE = """
    abs acos acosh asin asinh atan atan2 atanh bitwise_and bitwise_not bitwise_or bitwise_xor cast ceil
    clip clip_by_norm complex conj cos cosh elementwise_add elementwise_div elementwise_floordiv
    elementwise_fmax elementwise_fmin elementwise_heaviside elementwise_max elementwise_min
    elementwise_mod elementwise_mul elementwise_pow elementwise_sub equal equal_all erf erfinv exp expm1
    floor grad_add greater_equal greater_than imag is_empty isclose isfinite_v2 isinf_v2 isnan_v2 lerp
    less_equal less_than lgamma log log10 log1p log2 logical_and logical_not logical_or logical_xor
    logit minus not_equal pow real reciprocal round rsqrt scale sign sin sinh sqrt square sum tan trunc
    where
"""
_REDUCTIONS = """
    addmm allclose arg_max arg_min argsort bilinear_tensor_product bincount bmm cross cummax cummin
    cumprod cumsum dist dot einsum fft_c2c fft_c2r fft_r2c histogram inverse kron kthvalue logcumsumexp
    logsumexp matmul matmul_v2 matrix_power mean mode mul multi_dot mv nanmedian reduce_all reduce_amax
    reduce_amin reduce_any reduce_max reduce_mean reduce_min reduce_prod reduce_sum searchsorted svd
    top_k top_k_v2 trace unique unique_consecutive
"""
_SHAPES = """
    as_complex as_real as_strided broadcast_tensors concat crop crop_tensor diag_embed diag_v2 diagonal
    expand expand_as_v2 expand_v2 fill_diagonal_tensor flatten2 flatten_contiguous_range flip gather
    gather_nd index_add index_put index_sample index_select masked_select meshgrid multiplex overlap_add
    put_along_axis repeat_interleave reshape reshape2 reverse roll scatter scatter_nd_add sequence_mask
    set_value shape size slice split squeeze2 stack strided_slice take_along_axis tensor_unfold tile
    transpose transpose2 tril_triu unbind unsqueeze2 unstack view_dtype view_shape where_index
"""
_DETECTION = """
    anchor_generator box_clip box_coder collect_fpn_proposals distribute_fpn_proposals
    generate_proposals generate_proposals_v2 iou_similarity matrix_nms multiclass_nms multiclass_nms2
    multiclass_nms3 nms prior_box yolo_box
"""
_QUANTISATION = """
    dequantize_abs_max dequantize_linear fake_channel_wise_dequantize_max_abs
    fake_channel_wise_quantize_abs_max fake_channel_wise_quantize_dequantize_abs_max
    fake_dequantize_max_abs fake_quantize_abs_max fake_quantize_dequantize_abs_max
    fake_quantize_dequantize_moving_average_abs_max fake_quantize_moving_average_abs_max
    fake_quantize_range_abs_max moving_average_abs_max_scale quantize_linear
"""

_GROUPS = (
    _PROGRAM,
    _SOURCES,
    _LAYERS,
    _ACTIVATIONS,
    _ELEMENTWISE,
    _REDUCTIONS,
    _SHAPES,
    _DETECTION,
    _QUANTISATION,
)
ALLOWED = frozenset(name for group in _GROUPS for name in group.split())


def forbidden(program: Any) -> tuple[str, ...]:
    """Return the types of the operators of all blocks of a ProgramDesc that are not allowed, each once."""
    return tuple(dict.fromkeys(name for name in _operators(program) if name not in ALLOWED))


def _operators(program: Any) -> Iterable[str]:
    return (str(operator.type) for block in program.blocks for operator in block.ops)

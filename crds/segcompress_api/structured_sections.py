"""Sections of an ACT file that prune in a structure.

Source of the names: paddleslim 2.6.0, auto_compression/strategy_config.py.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from segcompress_api.base import Section, free_form

ParameterName = Annotated[str, Field(min_length=1, max_length=256)]


class ASPPrune(Section):
    """2:4 sparsity: the two smallest of every four weights along a layer's inputs become zero."""

    prune_params_name: tuple[ParameterName, ...] = Field(
        default=(),
        max_length=1024,
        description="Names of the weights to prune, such as conv2d_7.w_0; default: all that can be.",
    )


class ChannelPrune(Section):
    """Output channels of convolutions are removed, with the weights of later layers that read them."""

    pruned_ratio: Any = free_form(
        "Share of its output channels that each layer loses: a number, or a list with one for each of "
        "prune_params_name.",
        required=True,
    )
    prune_params_name: tuple[ParameterName, ...] = Field(
        default=(),
        max_length=1024,
        json_schema_extra={"x-kubernetes-list-type": "set"},
        description="Weights of the convolutions to prune, such as conv2d_7.w_0; default: all that can be.",
    )
    criterion: Literal["l1_norm", "bn_scale", "geometry_median"] = Field(
        default="l1_norm",
        description="Which channels are removed: those with the smallest weights, the smallest scale in the "
        "following batch norm, or closest to the layer's others.",
    )

"""Sections of an ACT file that prune in a structure.

Source of the names: paddleslim 2.6.0, auto_compression/strategy_config.py.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from segcompress_api.base import Section, free_form

ParameterName = Annotated[str, Field(min_length=1, max_length=256)]


class ASPPrune(Section):
    """2:4 sparsity: of every four weights along a layer's inputs, the two of least magnitude become zero."""

    prune_params_name: tuple[ParameterName, ...] = Field(
        default=(),
        max_length=1024,
        description="Names of the weights to prune, such as conv2d_7.w_0; without it all that can be.",
    )


class ChannelPrune(Section):
    """Channels of convolutions are removed, and what reads them becomes narrower: the model is another."""

    pruned_ratio: Any = free_form(
        "Share of its output channels that each layer loses: a number, or a list with one for each of "
        "prune_params_name.",
        required=True,
    )
    prune_params_name: tuple[ParameterName, ...] = Field(
        default=(),
        max_length=1024,
        json_schema_extra={"x-kubernetes-list-type": "set"},
        description="Names of the weights of convolutions, such as conv2d_7.w_0; without it all that can be.",
    )
    criterion: Literal["l1_norm", "bn_scale", "geometry_median"] = Field(
        default="l1_norm",
        description="Which channels go first: those of least weights, of least scale in the batch norm "
        "behind, or nearest to the others.",
    )

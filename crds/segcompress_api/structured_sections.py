"""Sections of an ACT file that prune in a structure.

Source of the names: paddleslim 2.6.0, auto_compression/strategy_config.py.
"""

from typing import Annotated

from pydantic import Field

from segcompress_api.base import Section

ParameterName = Annotated[str, Field(min_length=1, max_length=256)]


class ASPPrune(Section):
    """2:4 sparsity: of every four weights along a layer's inputs, the two of least magnitude become zero."""

    prune_params_name: tuple[ParameterName, ...] = Field(
        default=(),
        max_length=1024,
        description="Names of the weights to prune, such as conv2d_7.w_0; without it all that can be.",
    )

"""The strategies, one module each: what the loop runs without knowing any of them by name."""

from collections.abc import Callable, Sequence
from typing import Any

from segcompress_api.act_settings import (
    ChannelSettings,
    PruneSettings,
    QuantPostSettings,
    QuantSettings,
    StepSettings,
    TwoOfFourSettings,
)
from segcompress_api.act_settings import KeptZeros as KeptZerosSettings
from segcompress_runner.compression.steps.channel_prune import ChannelPrune
from segcompress_runner.compression.steps.kept_zeros import KeptZeros
from segcompress_runner.compression.steps.quant_aware import QuantAware
from segcompress_runner.compression.steps.quant_post import QuantPost
from segcompress_runner.compression.steps.step import Graphs, Step
from segcompress_runner.compression.steps.two_of_four import TwoOfFour
from segcompress_runner.compression.steps.unstructured import Unstructured

__all__ = ["Graphs", "Step", "make_steps"]

_STEPS: dict[type[StepSettings], Callable[[Any], Step]] = {
    PruneSettings: Unstructured,
    QuantSettings: QuantAware,
    TwoOfFourSettings: TwoOfFour,
    QuantPostSettings: QuantPost,
    ChannelSettings: ChannelPrune,
    KeptZerosSettings: KeptZeros,
}


def make_steps(settings: Sequence[StepSettings]) -> tuple[Step, ...]:
    """Return a fresh step for each of a strategy's settings, in their order."""
    return tuple(_STEPS[type(one)](one) for one in settings)

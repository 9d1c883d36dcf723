"""What the sections that prune in a structure mean."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from segcompress_api.errors import InvalidSpecError, shown
from segcompress_api.step_settings import SparsityTarget, StepSettings
from segcompress_api.structured_sections import ASPPrune, ChannelPrune


@dataclass(frozen=True)
class TwoOfFourSettings(StepSettings):
    """2:4 sparsity of the weights `names`; of all that can have it where none are named."""

    section: ClassVar[str] = "ASPPrune"

    names: tuple[str, ...]

    @property
    def sparsity(self) -> SparsityTarget:
        """Return the pattern: which share of zeros it makes depends on the layers' inputs."""
        return SparsityTarget(ratio=None, only_1x1=False, pattern="2:4", names=self.names)


def two_of_four_settings(section: ASPPrune) -> TwoOfFourSettings:
    """Return the meaning of the section."""
    return TwoOfFourSettings(section.prune_params_name)


@dataclass(frozen=True)
class ChannelSettings(StepSettings):
    """Channels to remove: `ratios` by layer, or `ratio` of every layer that can lose any."""

    section: ClassVar[str] = "ChannelPrune"

    ratio: float | None
    ratios: tuple[tuple[str, float], ...]
    criterion: Literal["l1_norm", "bn_scale", "geometry_median"]


def channel_settings(section: ChannelPrune, field: str) -> ChannelSettings:
    """Return the meaning of the section; raises InvalidSpecError naming the field under `field`."""
    names, given, path = section.prune_params_name, section.pruned_ratio, f"{field}.pruned_ratio"
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidSpecError(f"{field}.prune_params_name", f"names {twice} twice")
    if given is None:
        raise InvalidSpecError(path, "is required and missing", "such as 0.25")
    if not isinstance(given, list):
        ratio = _ratio(given, path)
        return ChannelSettings(
            None if names else ratio, tuple((name, ratio) for name in names), section.criterion
        )
    if len(given) != len(names):
        raise InvalidSpecError(
            path,
            f"has {len(given)} numbers for {len(names)} names in prune_params_name",
            "give one number, or one for each name",
        )
    ratios = tuple(_ratio(value, path) for value in given)
    return ChannelSettings(None, tuple(zip(names, ratios, strict=True)), section.criterion)


def _ratio(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise InvalidSpecError(field, f"must be a number between 0 and 1, got {shown(value)}", "such as 0.25")
    return float(value)

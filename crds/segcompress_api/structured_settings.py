"""What the sections that prune in a structure mean."""

from dataclasses import dataclass
from typing import ClassVar

from segcompress_api.step_settings import SparsityTarget, StepSettings
from segcompress_api.structured_sections import ASPPrune


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

"""A figure held against a bound of the spec: what all gates share. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from segcompress_api.conditions import Reason
from segcompress_runner.measurement.judged import GateResult

_SHOWN = 3
"""Names that a message lists before it counts the others."""

_ROUNDING = 9
"""Decimal places at which two figures count as equal: a spec's decimals have no exact binary value."""


@dataclass(frozen=True)
class Bound:
    """What a field of the spec bounds a figure by: a decimal string, from above or from below."""

    field: str
    value: str
    is_least: bool = False

    def __str__(self) -> str:
        return f"{'at least' if self.is_least else 'at most'} {self.value}"

    def left(self, figure: float) -> float:
        """Return how far a figure is on the right side, as a share of the bound; below 0 on the wrong one."""
        bound = float(self.value)
        return rounded(figure - bound if self.is_least else bound - figure) / (bound or 1)


def held(gate: str, figure: float, bound: Bound, told: str) -> GateResult:
    """Return the verdict on a figure; `told` says in words what was measured."""
    left = bound.left(figure)
    return GateResult(
        gate=gate,
        reason=Reason.ACCEPTANCE_NOT_MET,
        passed=left >= 0,
        asked=str(bound),
        measured=f"{figure:.4f}",
        left=left,
        message=f"{told}, {bound} ({bound.field})",
    )


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def rounded(value: float) -> float:
    """Return `value` at the precision at which two figures count as equal."""
    return round(value, _ROUNDING)

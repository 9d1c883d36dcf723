"""Which evaluation's weights are shipped: the best mIoU among those at the full ratio.

Upstream keeps the best of all, so that an evaluation from before the ramp's end wins with weights that are
hardly sparse. Pure decisions.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evaluation:
    """One evaluation on the validation list: after which iteration, mIoU, and the ratio in force then.

    `ratio` is None where nothing is pruned by ratio. `eligible`: the pruning ramp, if any, was over.
    """

    iteration: int
    miou: float
    ratio: float | None
    eligible: bool


def wins(evaluation: Evaluation, best: Evaluation | None) -> bool:
    """Return whether `evaluation` beats `best`; of equals the later, which trained longer, wins."""
    return evaluation.eligible and (best is None or evaluation.miou >= best.miou)


def reaches(evaluation: Evaluation, target_miou: float | None) -> bool:
    """Return whether the training may end early: the target is met, and not in the middle of the ramp."""
    return target_miou is not None and evaluation.eligible and evaluation.miou >= target_miou


def is_due(iteration: int, every: int, total: int) -> bool:
    """Return whether an evaluation follows `iteration`: every so often, and always at the end."""
    return iteration % every == 0 or iteration == total

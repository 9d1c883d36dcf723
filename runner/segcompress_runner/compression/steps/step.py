"""What the loop asks of a step, and the answers of a step that has nothing to do there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from segcompress_runner.compression.graph import Operator


@dataclass
class Graphs:
    """The student's two programs, which share their weights by name in `scope`; steps rewrite them.

    `nodes` are the distilled variables: their shapes are the teacher's.
    """

    train: Any
    inference: Any
    scope: Any
    nodes: tuple[str, ...] = ()


class Step:
    """One strategy at work on one model; subclasses override what they take part in.

    Order of the calls: `changed` before any training; `before_loss`, `after_loss` while the programs are
    built; `see`; `advance(0)`, then `advance` after each iteration; `before_evaluation`; `finalise` on the
    winner.
    """

    rewrites_graph: ClassVar[bool] = False
    """Whether the compressed model has another graph than the model that came."""

    sees_whole_batch: bool = False
    """Whether what it puts into the training program measures a batch as a whole."""

    ratio: float | None = None
    """Share of the weights that is zero now, where the step works towards one."""

    notes: tuple[str, ...] = ()
    """Sentences for the log on what the step made of the model, once `before_loss` is over."""

    looks_at: int = 0
    """Pictures of the training list that the step must see before the first iteration."""

    @property
    def eligible(self) -> bool:
        """Return whether weights as they are now may be shipped."""
        return True

    def changed(self, program: Any, graph: Sequence[Operator], nodes: Sequence[str]) -> tuple[Operator, ...]:
        """Return the operators of an inference program that the step changes; `nodes` are distilled.

        Raises InvalidSettingError where there are none.
        """
        raise NotImplementedError

    def before_loss(self, graphs: Graphs, executor: Any) -> None:
        """Rewrite the forward part of `graphs.train`."""

    def after_loss(self, graphs: Graphs, executor: Any) -> None:
        """Rewrite both programs, once gradients and optimiser are in `graphs.train`."""

    def see(self, batches: Sequence[NDArray[np.float32]], executor: Any) -> Iterator[None]:
        """Prepare the weights by these pictures, N x 3 x H x W; yields after each part of the work."""
        del batches, executor
        yield from ()

    def advance(self, iterations: int, executor: Any) -> None:
        """Bring the weights to where they must be once `iterations` are behind."""

    def before_evaluation(self, executor: Any) -> None:
        """Make the weights those that would be shipped now."""

    def finalise(self, graphs: Graphs, executor: Any) -> None:
        """Make `graphs.inference` what is saved; it trains no more afterwards."""

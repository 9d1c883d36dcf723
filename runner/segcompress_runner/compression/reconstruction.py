"""Which weights of a 1x1 convolution matter least to its outputs, and what the others become without them.

Optimal Brain Compression (Frantar & Alistarh 2022, arXiv 2208.11580), for blocks of output channels: an input
that is removed from a block costs what no other weight of the block can make up for. Ranks are exact where
one input goes at a time, as in all but wide layers. Pure arithmetic on arrays, in float64.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_AT_ONCE = 128
"""Share of the inputs (one in so many) that goes before costs are computed again."""

_DAMPING = 0.001
"""Added to the diagonal, relative to its mean: inputs that hardly vary must not be divided by.

Never for the constant, whose moment is 1 whatever the inputs are.
"""

_ROUNDING = 1e-9
"""The least that is added, relative to the mean of moments that are not about the means."""


@dataclass(frozen=True)
class Moments:
    """What pictures say of a layer: means over pixels of products of its inputs.

    `inputs` (I + 1 x I + 1) are those of the model as it is pruned so far, and a constant 1; `outputs`
    (I + 1 x O) their products with what the dense model's layer puts out.
    """

    inputs: Array
    outputs: Array


@dataclass(frozen=True)
class BlockCosts:
    """What each input of a block of output channels costs (I), and which one is the last to leave it."""

    costs: Array
    last: int


def moments_of(inputs: Array, outputs: Array) -> Moments:
    """Return the moments of samples: pixels x I and pixels x O."""
    extended = np.hstack([inputs, np.ones((len(inputs), 1))])
    return Moments(extended.T @ extended / len(inputs), extended.T @ outputs / len(inputs))


def removal_costs(weight: Array, moments: Moments, block: int, *, shifted: bool) -> Iterator[BlockCosts]:
    """Yield for each block the error in the outputs for which each input leaves it, per output channel.

    `weight` is O x I; with `shifted` a constant may be added to each output. Costs of a block never fall in
    the order in which its inputs leave, so that any number of the least costs of all blocks can be taken.
    """
    gram, damping = _damped(moments, shifted=shifted)
    inverse = np.linalg.inv(gram + damping * np.eye(len(gram)))
    for start in range(0, len(weight), block):
        yield _costs_of_block(weight[start : start + block], inverse)


def ranked(blocks: Sequence[BlockCosts]) -> Array:
    """Return the costs of all blocks (blocks x I); a block's last input costs more than any that is not."""
    costs = np.stack([each.costs for each in blocks])
    costs[range(len(blocks)), [each.last for each in blocks]] += costs.max()
    return costs


def refitted(
    weight: Array, mask: NDArray[np.float32], moments: Moments, *, shifted: bool
) -> tuple[Array, Array]:
    """Return the weights that come closest to the dense layer's outputs, and what is added to each output.

    `mask` (O x I) says which weights may differ from zero. Nothing (0) is added unless `shifted`.
    """
    extended = np.hstack([weight, np.zeros((len(weight), 1))])
    allowed = np.hstack([mask != 0, np.full((len(mask), 1), shifted)])
    fitted = np.zeros_like(extended)
    damping = np.append(np.full(weight.shape[1], _damped(moments, shifted=shifted)[1]), 0.0)
    for row, chosen in enumerate(allowed):
        # Damping pulls towards the weights as they are, not towards zero.
        wanted = moments.outputs[chosen, row] + damping[chosen] * extended[row, chosen]
        damped = moments.inputs[np.ix_(chosen, chosen)] + np.diag(damping[chosen])
        fitted[row, chosen] = np.linalg.solve(damped, wanted)
    return fitted[:, :-1], fitted[:, -1]


def _damped(moments: Moments, *, shifted: bool) -> tuple[Array, float]:
    """Return the inputs' second moments (I x I), and what makes them invertible when added to the diagonal.

    They are about the means if a constant makes up for these, where little but rounding may be left.
    """
    second, means = moments.inputs[:-1, :-1], moments.inputs[:-1, -1]
    gram = second - (np.outer(means, means) if shifted else 0.0)
    damping = max(_DAMPING * np.mean(np.diag(gram)), _ROUNDING * np.mean(np.diag(second)))
    return gram, float(damping) or 1.0


def _costs_of_block(rows: Array, inverse: Array) -> BlockCosts:
    """Return the costs at which inputs leave a block of output channels (h x I)."""
    count, highest = rows.shape[1], 0.0
    costs, left, at_once = np.zeros(count), np.arange(count), max(count // _AT_ONCE, 1)
    while True:
        cost = (rows**2).sum(axis=0) / np.diag(inverse) / len(rows)
        order = np.argsort(cost, kind="stable")
        gone, stay = order[:at_once], np.sort(order[at_once:])
        costs[left[gone]] = np.maximum(cost[gone], highest)
        highest = float(costs[left[gone]].max())
        if not len(stay):
            return BlockCosts(costs, int(left[gone[-1]]))
        factor = np.linalg.solve(inverse[np.ix_(gone, gone)], inverse[np.ix_(gone, stay)])
        rows = rows[:, stay] - rows[:, gone] @ factor
        inverse = inverse[np.ix_(stay, stay)] - inverse[np.ix_(stay, gone)] @ factor
        left = left[stay]

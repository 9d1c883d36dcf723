"""When the teacher learns how: picture size and learning rate of each iteration. Pure arithmetic, no Paddle.

Small pictures first: on a CPU an iteration at half the size takes a quarter of the time, and what a person
looks like is learnt there as well; only the last iterations need the size that the model is deployed at.
"""

import math

SIZE = 192
"""Rows and columns of the exported model's input."""
_STAGES = ((0.5, 96), (0.7, 128), (1.0, SIZE))
_WARM_UP = 0.05
_FLOOR = 0.01


def picture_size(iteration: int, iterations: int) -> int:
    """Return the rows and columns to train on in an iteration (0 is the first)."""
    share = (iteration + 1) / iterations
    return next(size for end, size in _STAGES if share <= end)


def learning_rate(iteration: int, iterations: int, peak: float) -> float:
    """Return the rate: a short linear rise to the peak, then a half cosine down to a hundredth of it."""
    share = (iteration + 1) / iterations
    if share < _WARM_UP:
        return peak * share / _WARM_UP
    fall = 0.5 * (1 + math.cos(math.pi * (share - _WARM_UP) / (1 - _WARM_UP)))
    return peak * (_FLOOR + (1 - _FLOOR) * fall)


def remaining_seconds(iteration: int, iterations: int, spent: float) -> float:
    """Return the seconds left after `iteration` iterations took `spent`, each costing as its pixels do."""
    costs = [picture_size(index, iterations) ** 2 for index in range(iterations)]
    return spent * sum(costs[iteration:]) / max(sum(costs[:iteration]), 1)

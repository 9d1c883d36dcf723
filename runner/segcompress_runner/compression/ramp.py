"""The share of weights that must be zero after each iteration: the ramp of gradual magnitude pruning.

The cubic curve is the one of Zhu & Gupta 2017 (arXiv 1710.01878, equation 1), as in PaddleSlim's
GMPUnstructuredPruner. Upstream's own stack of ratios rises for the last time two iterations after the ramp's
end, and rounds `stable_iterations` down to whole steps; here the full ratio stands exactly when
stable_iterations + pruning_iterations iterations are behind, so that a training as long as its ramp reaches
it. Nothing here knows weights.
"""

from segcompress_api.strategy import GmpConfig


def ratio_after(iterations: int, ratio: float, gmp: GmpConfig | None) -> float:
    """Return the share in force once `iterations` are behind (0: none yet); `ratio` without a ramp."""
    if gmp is None:
        return ratio
    since = iterations - gmp.stable_iterations
    if since < 0:
        return 0.0
    rises = since * gmp.pruning_steps // gmp.pruning_iterations
    if rises >= gmp.pruning_steps:
        return ratio
    left = (1.0 - rises / gmp.pruning_steps) ** 3
    return ratio - (ratio - gmp.initial_ratio) * left

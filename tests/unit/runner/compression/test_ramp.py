"""The ramp stands where the settings say, to the iteration."""

import pytest

from segcompress_api.strategy import GmpConfig
from segcompress_runner.compression.ramp import ratio_after


def gmp(stable: int, pruning: int, steps: int, initial: float = 0.15) -> GmpConfig:
    return GmpConfig(
        stable_iterations=stable, pruning_iterations=pruning, pruning_steps=steps, initial_ratio=initial
    )


def test_without_a_ramp_the_full_ratio_stands_from_the_start() -> None:
    assert ratio_after(0, 0.75, None) == 0.75


@pytest.mark.parametrize(
    ("stable", "pruning", "steps"), [(0, 70, 6), (0, 4500, 100), (5, 70, 6), (3, 23, 2), (0, 11, 1)]
)
def test_the_full_ratio_stands_exactly_at_the_ramps_end(stable: int, pruning: int, steps: int) -> None:
    ramp = gmp(stable, pruning, steps)
    assert ratio_after(stable + pruning - 1, 0.9, ramp) < 0.9
    assert ratio_after(stable + pruning, 0.9, ramp) == 0.9
    assert ratio_after(10**6, 0.9, ramp) == 0.9


def test_nothing_is_pruned_in_the_stable_phase_and_the_initial_ratio_follows() -> None:
    ramp = gmp(5, 44, 4, initial=0.2)
    assert [ratio_after(n, 0.8, ramp) for n in (0, 4)] == [0.0, 0.0]
    assert ratio_after(5, 0.8, ramp) == pytest.approx(0.2)


def test_the_ratio_follows_the_cubic_curve() -> None:
    ramp = gmp(0, 40, 2, initial=0.1)
    assert ratio_after(19, 0.9, ramp) == pytest.approx(0.1)
    assert ratio_after(20, 0.9, ramp) == pytest.approx(0.9 - 0.8 * 0.5**3)


def test_the_ratio_never_falls() -> None:
    ramp = gmp(7, 100, 9)
    ratios = [ratio_after(n, 0.75, ramp) for n in range(120)]
    assert ratios == sorted(ratios)
    assert len(set(ratios)) == 11

"""The weights that go are those that the others can best make up for."""

import numpy as np
import pytest
from numpy.typing import NDArray

from segcompress_runner.compression import reconstruction
from segcompress_runner.compression.magnitude import mask_by_scores
from segcompress_runner.compression.reconstruction import Moments, moments_of, ranked, refitted

Array = NDArray[np.float64]
PIXELS = 4000


def samples(channels: int, seed: int = 0) -> Array:
    """Return inputs that depend on one another, with means other than zero."""
    random = np.random.default_rng(seed)
    return random.normal(size=(PIXELS, channels)) @ random.normal(size=(channels, channels)) + 1.0


def removal_costs(weight: Array, moments: Moments, block: int, *, shifted: bool) -> Array:
    return ranked(list(reconstruction.removal_costs(weight, moments, block, shifted=shifted)))


def least_error(inputs: Array, outputs: Array, kept: list[int]) -> float:
    """Return the mean squared error of the best weights on some inputs, found by numpy's own solver."""
    solved, *_ = np.linalg.lstsq(inputs[:, kept], outputs, rcond=None)
    return float(np.mean((inputs[:, kept] @ solved - outputs) ** 2))


@pytest.mark.parametrize("seed", range(5))
def test_the_first_input_to_go_is_the_one_whose_loss_costs_least(seed: int) -> None:
    inputs, weight = samples(6, seed), np.random.default_rng(seed).normal(size=(4, 6))
    outputs = inputs @ weight.T
    costs = removal_costs(weight, moments_of(inputs, outputs), block=4, shifted=False)
    errors = [least_error(inputs, outputs, [one for one in range(6) if one != gone]) for gone in range(6)]
    assert costs.shape == (1, 6)
    assert errors[int(np.argmin(costs))] == pytest.approx(min(errors), rel=0.02)
    assert costs.min() == pytest.approx(min(errors), rel=0.05)


def test_an_input_that_another_one_repeats_costs_nothing_although_its_weights_are_the_largest() -> None:
    inputs = samples(4)
    inputs[:, 3] = inputs[:, 0]
    weight = np.ones((4, 4))
    weight[:, [0, 3]] = 5.0
    costs = removal_costs(weight, moments_of(inputs, inputs @ weight.T), block=4, shifted=False)
    assert np.argmin(costs) in (0, 3)


def test_an_input_that_hardly_varies_costs_little_if_a_constant_may_be_added() -> None:
    inputs = samples(4)
    inputs[:, 1] = 9.0 + 0.01 * inputs[:, 1]
    weight = np.ones((4, 4))
    moments = moments_of(inputs, inputs @ weight.T)
    with_shift, without = (removal_costs(weight, moments, block=4, shifted=one) for one in (True, False))
    assert np.argmin(with_shift) == 1
    assert np.argmin(without) != 1


@pytest.mark.parametrize("shifted", [False, True])
def test_the_last_input_of_a_block_goes_after_all_that_are_not_the_last(*, shifted: bool) -> None:
    weight = np.random.default_rng(0).normal(size=(6, 5))
    weight[4:] *= 0.01
    inputs = samples(5)
    costs = removal_costs(weight, moments_of(inputs, inputs @ weight.T), block=4, shifted=shifted)
    assert np.sort(costs, axis=1)[:, -1].min() > np.sort(costs, axis=1)[:, :-1].max()


@pytest.mark.parametrize(("block", "weights"), [(1, [5.0, 0.1]), (4, [5.0] * 4 + [0.1] * 4)])
def test_of_layers_with_one_input_the_outputs_that_vary_least_go(block: int, weights: list[float]) -> None:
    inputs, weight = samples(1), np.array(weights)[:, np.newaxis]
    costs = removal_costs(weight, moments_of(inputs, inputs @ weight.T), block, shifted=False)
    mask = mask_by_scores(costs, weight.shape, 0.5, block=block)
    assert mask.ravel().tolist() == [float(value == 5.0) for value in weights]


def test_inputs_of_wide_layers_go_several_at_a_time() -> None:
    inputs, weight = samples(300), np.random.default_rng(1).normal(size=(4, 300))
    costs = removal_costs(weight, moments_of(inputs, inputs @ weight.T), block=4, shifted=False)
    assert np.isfinite(costs).all()
    assert (costs > 0).all()


@pytest.mark.parametrize("block", [1, 4])
def test_fitted_weights_lie_below_the_mask_and_make_up_for_what_went(block: int) -> None:
    inputs, weight = samples(8), np.random.default_rng(2).normal(size=(8, 8))
    outputs = inputs @ weight.T
    moments = moments_of(inputs, outputs)
    mask = mask_by_scores(removal_costs(weight, moments, block, shifted=True), weight.shape, 0.5, block=block)
    fitted, added = refitted(weight, mask, moments, shifted=True)
    error = np.mean((inputs @ fitted.T + added - outputs) ** 2)
    assert np.mean(mask) == 0.5
    assert not fitted[mask == 0].any()
    assert error < 0.7 * np.mean((inputs @ (weight * mask).T - outputs) ** 2)
    assert error < np.mean((inputs @ refitted(weight, mask, moments, shifted=False)[0].T - outputs) ** 2)


def test_without_a_place_for_it_nothing_is_added() -> None:
    inputs, weight = samples(4), np.ones((4, 4))
    _, added = refitted(
        weight, np.eye(4, dtype=np.float32), moments_of(inputs, inputs @ weight.T), shifted=False
    )
    assert not added.any()


def test_inputs_that_are_always_zero_can_go() -> None:
    inputs = samples(4)
    inputs[:, 2] = 0.0
    weight = np.ones((4, 4))
    moments = moments_of(inputs, inputs @ weight.T)
    assert np.argmin(removal_costs(weight, moments, block=4, shifted=False)) == 2
    assert np.isfinite(refitted(weight, np.ones((4, 4), np.float32), moments, shifted=True)[0]).all()


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_weights_are_fitted_alike_whatever_the_scale_of_inputs(scale: float) -> None:
    inputs, weight = samples(8), np.random.default_rng(2).normal(size=(4, 8))
    mask = np.tile(np.arange(8) % 2, (4, 1)).astype(np.float32)
    fitted, added = refitted(weight, mask, moments_of(inputs, inputs @ weight.T), shifted=True)
    scaled = moments_of(inputs * scale, inputs @ weight.T)
    again, added_again = refitted(weight / scale, mask, scaled, shifted=True)
    assert again * scale == pytest.approx(fitted, rel=1e-6)
    assert added_again == pytest.approx(added, rel=1e-6)


def test_inputs_that_never_vary_make_way_for_a_constant() -> None:
    inputs = np.tile([3.7, 1.3, 0.1, 9.9], (PIXELS, 1))
    weight = np.random.default_rng(3).normal(size=(4, 4))
    outputs = inputs @ weight.T
    moments = moments_of(inputs, outputs)
    assert removal_costs(weight, moments, block=4, shifted=True) == pytest.approx(0.0, abs=1e-6)
    fitted, added = refitted(weight, np.eye(4, dtype=np.float32), moments, shifted=True)
    assert inputs @ fitted.T + added == pytest.approx(outputs)

"""Layers with ratios of their own leave the others the rest."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcompress_runner.compression.layer_ratios import ratios_of_layers
from segcompress_runner.errors import InvalidSettingError

FIELD = "spec.strategy.UnstructurePrune.layer_ratios"
SIZES = {"conv2d_1.w_0": 100, "conv2d_2.w_0": 300, "conv2d_3.w_0": 600}


def test_the_others_share_one_ratio() -> None:
    ratios = ratios_of_layers(SIZES, 0.75, {"conv2d_1.w_0": 0.0, "conv2d_2.w_0": 0.9})
    assert ratios == {"conv2d_1.w_0": 0.0, "conv2d_2.w_0": 0.9, "conv2d_3.w_0": pytest.approx(0.8)}


@given(own=st.dictionaries(st.sampled_from(sorted(SIZES)[:2]), st.floats(0.4, 0.6)))
def test_the_ratio_holds_over_all_layers(own: Mapping[str, float]) -> None:
    ratios = ratios_of_layers(SIZES, 0.5, own)
    zeros = sum(ratios[name] * size for name, size in SIZES.items())
    assert zeros / sum(SIZES.values()) == pytest.approx(0.5)


def test_the_others_may_be_left_dense_whatever_decimals_are_in_binary() -> None:
    sizes = {"conv2d_1.w_0": 100, "conv2d_2.w_0": 100, "conv2d_3.w_0": 100}
    own = {"conv2d_1.w_0": 0.72, "conv2d_2.w_0": 0.99}
    assert 0.57 * 300 - (0.72 * 100 + 0.99 * 100) < 0
    assert ratios_of_layers(sizes, 0.57, own)["conv2d_3.w_0"] == 0


def test_ratios_that_are_a_little_too_high_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match=r"makes more zeros than 0\.45 of all weights"):
        ratios_of_layers({"conv2d_1.w_0": 1, "conv2d_2.w_0": 1}, 0.45, {"conv2d_1.w_0": 0.901})


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        pytest.param(
            {"conv2d_1.w_1": 0.5},
            "conv2d_1.w_1 is not the weight of a layer that is pruned; did you mean conv2d_1.w_0?",
            id="misspelt",
        ),
        pytest.param(
            {"weights": 0.5},
            "weights is not the weight of a layer that is pruned; name one that is, such as conv2d_1.w_0",
            id="nothing like it",
        ),
        pytest.param(
            dict.fromkeys(["conv2d_1.w_1", *(f"weights_{number}" for number in range(999))], 0.5),
            "conv2d_1.w_1 is not the weight of a layer that is pruned, nor are 999 others "
            "(weights_0, weights_1, …); did you mean conv2d_1.w_0?",
            id="many unknown",
        ),
        pytest.param(
            dict.fromkeys(SIZES, 0.75),
            "names every layer that is pruned, so that ratio decides nothing; leave one out",
            id="every layer",
        ),
        pytest.param(
            {"conv2d_3.w_0": 0.3},
            "leaves too few zeros for 0.75 of all weights that are pruned, even if the other layers had "
            "nothing else; raise these ratios, or lower ratio",
            id="too few zeros",
        ),
        pytest.param(
            {"conv2d_2.w_0": 0.9, "conv2d_3.w_0": 0.9},
            "makes more zeros than 0.75 of all weights that are pruned; lower these ratios, or raise ratio",
            id="too many zeros",
        ),
    ],
)
def test_ratios_that_cannot_be_are_refused(own: Mapping[str, float], sentence: str) -> None:
    with pytest.raises(InvalidSettingError) as refused:
        ratios_of_layers(SIZES, 0.75, own)
    assert str(refused.value).startswith(f"{FIELD}: {sentence}")

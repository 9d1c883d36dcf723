"""What the sections mean that prune in a structure, and what they refuse."""

import pytest

from segcompress_api.act_settings import ChannelSettings, SparsityTarget, TwoOfFourSettings
from unit.api.act_files import TRAIN, complaint, settings

PATH = "spec.strategy.ChannelPrune"
EACH = "give one number, or one for each name"


@pytest.mark.parametrize(
    ("section", "ratio", "ratios"),
    [
        pytest.param("pruned_ratio: 0.25", 0.25, (), id="every layer"),
        pytest.param("pruned_ratio: 0.25, prune_params_name: []", 0.25, (), id="no name is every layer"),
        pytest.param(
            "pruned_ratio: 0.25, prune_params_name: [a, b]",
            None,
            (("a", 0.25), ("b", 0.25)),
            id="one for all",
        ),
        pytest.param(
            "pruned_ratio: [0.25, 0.5], prune_params_name: [a, b]",
            None,
            (("a", 0.25), ("b", 0.5)),
            id="one for each",
        ),
    ],
)
def test_each_layer_loses_its_share(
    section: str, ratio: float | None, ratios: tuple[tuple[str, float], ...]
) -> None:
    read = settings(f"ChannelPrune: {{{section}}}\n{TRAIN}")

    assert read.steps == (ChannelSettings(ratio, ratios, "l1_norm"),)
    assert (read.quantises, read.sparsity, read.ramp_iterations) == (False, None, 0)


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        pytest.param("criterion: l1_norm", "pruned_ratio: is required and missing; such as 0.25", id="none"),
        pytest.param(
            "pruned_ratio: 1.0",
            "pruned_ratio: must be a number between 0 and 1, got 1.0; such as 0.25",
            id="all",
        ),
        pytest.param(
            "pruned_ratio: true",
            "pruned_ratio: must be a number between 0 and 1, got True; such as 0.25",
            id="true",
        ),
        pytest.param(
            "pruned_ratio: [0.25], prune_params_name: [a, b]",
            f"pruned_ratio: has 1 numbers for 2 names in prune_params_name; {EACH}",
            id="too few",
        ),
        pytest.param(
            "pruned_ratio: [0.25]",
            f"pruned_ratio: has 1 numbers for 0 names in prune_params_name; {EACH}",
            id="a list without names",
        ),
        pytest.param(
            "pruned_ratio: 0.5, prune_params_name: [a, a]", "prune_params_name: names a twice", id="twice"
        ),
        pytest.param(
            "pruned_ratio: 0.5, criterion: l2_norm",
            "criterion: input should be 'l1_norm', 'bn_scale' or 'geometry_median', got 'l2_norm'",
            id="criterion",
        ),
    ],
)
def test_channels_that_cannot_be_removed_are_refused_by_field(section: str, sentence: str) -> None:
    assert complaint(f"ChannelPrune: {{{section}}}\n{TRAIN}") == f"{PATH}.{sentence}"


def test_two_of_four_promises_a_pattern_and_no_ratio() -> None:
    read = settings("ASPPrune: {prune_params_name: [conv2d_1.w_0]}\n" + TRAIN)

    assert read.steps == (TwoOfFourSettings(("conv2d_1.w_0",)),)
    assert read.sparsity == SparsityTarget(None, only_1x1=False, pattern="2:4", names=("conv2d_1.w_0",))


def test_transformer_pruning_is_refused_with_the_reason_and_what_else_there_is() -> None:
    assert complaint("TransformerPrune: {pruned_ratio: 0.25}\n" + TRAIN) == (
        "spec.strategy.TransformerPrune: is not supported: upstream ranks attention heads by a loss on "
        "labels, and this training has none; use UnstructurePrune or ASPPrune, which prune the matrices of a "
        "transformer too"
    )

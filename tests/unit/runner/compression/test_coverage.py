"""Every layer that is compressed must be trained: it must not lie behind what is distilled."""

import pytest

from segcompress_runner.compression.coverage import check_coverage
from segcompress_runner.compression.graph import Operator, last_outputs, needed
from segcompress_runner.errors import InvalidSettingError


def layer(name: str, *inputs: str) -> Operator:
    return Operator("conv2d", "/", (f"{name}.w", *inputs), (name,), name)


STEM, LEFT, RIGHT, HEAD, SIDE = (
    layer("stem", "x"),
    layer("left", "stem"),
    layer("right", "stem"),
    layer("head", "left", "right"),
    layer("side", "right"),
)
GRAPH = (STEM, LEFT, RIGHT, HEAD, SIDE)


def test_a_variable_needs_what_leads_to_it() -> None:
    assert needed(GRAPH, ["left"]) == {STEM, LEFT}
    assert needed(GRAPH, ["head"]) == {STEM, LEFT, RIGHT, HEAD}


@pytest.mark.parametrize(
    ("among", "last"),
    [
        pytest.param(GRAPH, ("head", "side"), id="both ends"),
        pytest.param((STEM, LEFT), ("left",), id="one after the other"),
        pytest.param((STEM, HEAD), ("head",), id="with others between"),
    ],
)
def test_the_last_outputs_are_those_that_no_other_comes_after(
    among: tuple[Operator, ...], last: tuple[str, ...]
) -> None:
    assert last_outputs(GRAPH, among) == last


def test_layers_that_lead_to_a_node_pass() -> None:
    check_coverage(GRAPH, ["head", "side"], GRAPH)


def test_layers_behind_that_nothing_changes_pass() -> None:
    check_coverage(GRAPH, ["left"], (STEM, LEFT))


def test_layers_behind_are_named_with_the_nodes_that_cover_them() -> None:
    with pytest.raises(InvalidSettingError) as error:
        check_coverage(GRAPH, ["stem"], GRAPH)
    assert str(error.value) == (
        "spec.strategy.Distillation.node: 4 layers lie behind stem and would be compressed without being "
        "trained (left, right, head, …); add head, side to it, or leave node out"
    )


def test_the_nodes_that_are_named_cover_them() -> None:
    check_coverage(GRAPH, ["stem", "head", "side"], GRAPH)

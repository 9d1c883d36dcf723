from typing import Any

import pytest

from segcompress_api.parameters import Parameter
from segcompress_runner.outputs.sweep.axes import Axis, axis_of, scale_of


def axis(**domain: Any) -> Axis:
    return axis_of(Parameter.model_validate({"name": "x", "path": "seed", **domain}))


@pytest.mark.parametrize(
    ("domain", "text", "place"),
    [
        pytest.param({"range": {"min": "0", "max": "4"}}, "1", 0.25, id="linear"),
        pytest.param(
            {"range": {"min": "0.001", "max": "0.1", "scale": "Log"}}, "0.01", 0.5, id="logarithmic"
        ),
        pytest.param({"range": {"min": "0", "max": "4"}}, "5", None, id="beyond the end"),
        pytest.param({"range": {"min": "0", "max": "4"}}, "gmp", None, id="no number"),
        pytest.param({"values": ["10", "9", "100"]}, "10", 0.5, id="numbers in their order"),
        pytest.param({"values": ["b", "a", "c"]}, "b", 0.0, id="words as they stand"),
        pytest.param({"values": ["b", "a"]}, "c", None, id="none of the values"),
        pytest.param({"values": ["b"]}, "b", 0.5, id="one value"),
    ],
)
def test_value_has_its_place_on_the_axis(domain: dict[str, Any], text: str, place: float | None) -> None:
    assert axis(**domain).at(text) == (None if place is None else pytest.approx(place))


def test_equal_figures_lie_in_the_middle() -> None:
    assert scale_of([3.0, 3.0]).at("3") == 0.5

"""Unknown names are one error, however many and however long they are."""

from collections.abc import Sequence

import pytest

from segcompress_runner.compression.known_names import check_known
from segcompress_runner.errors import InvalidSettingError

KNOWN = ("conv2d_1.w_0", "conv2d_20.w_0")


def check(names: Sequence[str], known: Sequence[str] = KNOWN) -> None:
    check_known(names, known, "spec.field", "a layer", "name a layer")


def test_known_names_and_none_pass() -> None:
    check(KNOWN)
    check(())


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        pytest.param(["conv2d_1.w_1"], "conv2d_1.w_1 is not a layer; did you mean conv2d_1.w_0?", id="near"),
        pytest.param(["zzz"], "zzz is not a layer; name a layer", id="like none"),
        pytest.param(["zzz", "zzz"], "zzz is not a layer; name a layer", id="twice"),
        pytest.param(["zzz", KNOWN[0], "y"], "zzz is not a layer, nor is y; name a layer", id="two"),
        pytest.param(
            ["zzz", "y", "x"], "zzz is not a layer, nor are 2 others (y, x); name a layer", id="three"
        ),
        pytest.param(
            ["zzz", *(f"y{number}" for number in range(1000))],
            "zzz is not a layer, nor are 1000 others (y0, y1, …); name a layer",
            id="many",
        ),
        pytest.param(
            ["z" * 256, "y" * 256],
            f"{'z' * 120}… is not a layer, nor is {'y' * 120}…; name a layer",
            id="long",
        ),
    ],
)
def test_unknown_names_are_counted_and_the_first_are_shown(names: Sequence[str], sentence: str) -> None:
    with pytest.raises(InvalidSettingError) as error:
        check(names)
    assert str(error.value) == f"spec.field: {sentence}"


def test_a_long_name_that_is_near_is_cut() -> None:
    with pytest.raises(InvalidSettingError, match=f"did you mean {'a' * 120}…"):
        check(["a" * 150], ["a" * 160, *KNOWN])

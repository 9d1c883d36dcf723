"""Which cards a Paddle has machine code for."""

import pytest

from segcompress_runner.compression.device import check_capability
from segcompress_runner.errors import InvalidSettingError


@pytest.mark.parametrize(
    ("card", "capability"),
    [
        pytest.param("Tesla P40", (6, 1), id="the-oldest"),
        pytest.param("Tesla V100", (7, 0), id="listed"),
        pytest.param("Jetson Xavier", (7, 2), id="later-minor"),
        pytest.param("L4", (8, 9), id="later-minor-of-the-last-major"),
    ],
)
def test_card_with_machine_code_is_taken(card: str, capability: tuple[int, int]) -> None:
    check_capability("2.6.2", card, capability)


@pytest.mark.parametrize(
    ("card", "capability"),
    [
        pytest.param("Tesla P100", (6, 0), id="minor-before-the-first"),
        pytest.param("Tesla M60", (5, 2), id="older-major"),
        pytest.param("H100", (9, 0), id="newer-major"),
    ],
)
def test_card_without_machine_code_is_refused_naming_both(card: str, capability: tuple[int, int]) -> None:
    major, minor = capability
    with pytest.raises(InvalidSettingError) as refused:
        check_capability("2.6.2", card, capability)
    assert str(refused.value) == (
        f"spec.runtime.device: {card} has compute capability {major}.{minor}, and Paddle 2.6.2 has code only "
        "for 6.1, 7.0, 7.5, 8.0, 8.6; choose another GPU by spec.runtime.nodeSelector, or device: CPU"
    )


def test_nothing_is_claimed_of_an_unknown_wheel() -> None:
    check_capability("2.6.2+sm90", "H100", (9, 0))

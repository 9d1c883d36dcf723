import pytest

from segcompress_runner.compression.op_order import Access, in_order


def operator(text: str) -> Access:
    """Return what `reads > writes` says, names apart by blanks."""
    reads, _, writes = text.partition(">")
    return Access(frozenset(reads.split()), frozenset(writes.split()))


@pytest.mark.parametrize(
    ("operators", "late", "expected"),
    [
        pytest.param(["> a", "a > b", "b > c"], "", [0, 1, 2], id="as it is"),
        pytest.param(["a > b", "c > d", "> a"], "a", [1, 2, 0], id="behind what is written late"),
        pytest.param(["a > b", "b > c", "x > y", "> a"], "a", [2, 3, 0, 1], id="with all that follows"),
        pytest.param(
            ["w > b", "a > c", "b > w", "> a"], "a", [0, 2, 3, 1], id="a weight is read, then moved"
        ),
        pytest.param(["a w > b", "b > w", "w > d", "> a"], "a", [3, 0, 1, 2], id="and not before it is read"),
        pytest.param(["> t", "t a > b", "> t", "t > c", "> a"], "a", [0, 4, 1, 2, 3], id="a name used twice"),
        pytest.param(["s > s", "a > b", "s > s a"], "a", [0, 2, 1], id="a state that is followed"),
    ],
)
def test_each_operator_reads_what_it_read(operators: list[str], late: str, expected: list[int]) -> None:
    assert in_order([operator(one) for one in operators], late.split()) == expected


def test_operators_that_wait_for_one_another_have_no_order() -> None:
    with pytest.raises(ValueError, match="cycle"):
        in_order([operator("a > b"), operator("b > a")], ["a"])

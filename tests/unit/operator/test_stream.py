"""How large pages of a LIST are asked for."""

import pytest

from segcompress_operator.watching.stream import LARGEST_PAGE, PAGE_BYTES, next_limit


@pytest.mark.parametrize(
    ("limit", "size", "expected"),
    [
        pytest.param(50, PAGE_BYTES, 50, id="as many again"),
        pytest.param(50, PAGE_BYTES * 5, 10, id="large objects: fewer"),
        pytest.param(50, 1000, 200, id="small objects: more, but not at a stroke"),
        pytest.param(400, 1000, LARGEST_PAGE, id="never more than this"),
        pytest.param(1, PAGE_BYTES * 9, 1, id="one at least"),
        pytest.param(50, 0, 200, id="empty page"),
    ],
)
def test_pages_are_sized_by_bytes(limit: int, size: int, expected: int) -> None:
    assert next_limit(limit, size) == expected

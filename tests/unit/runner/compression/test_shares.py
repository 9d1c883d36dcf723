import pytest

from segcompress_runner.compression.shares import share_count


@pytest.mark.parametrize(
    ("threads", "batch_size", "expected"),
    [
        pytest.param(1, 8, 1, id="one thread"),
        pytest.param(2, 8, 2, id="a share for each thread"),
        pytest.param(16, 8, 4, id="no more than the executor computes at a time"),
        pytest.param(4, 6, 3, id="shares are equal"),
        pytest.param(4, 7, 1, id="a prime batch stays whole"),
        pytest.param(4, 2, 2, id="a picture in each"),
        pytest.param(4, 1, 1, id="one picture"),
    ],
)
def test_a_batch_is_divided_equally_among_the_threads(threads: int, batch_size: int, expected: int) -> None:
    assert share_count(threads, batch_size) == expected

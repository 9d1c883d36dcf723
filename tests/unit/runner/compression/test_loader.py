"""How many processes read batches."""

import pytest

from segcompress_runner.compression.loader import workers_for

MIB = 2**20


@pytest.mark.parametrize(
    ("threads", "batch_bytes", "workers"),
    [
        pytest.param(2, 7 * MIB, 2, id="one-a-thread"),
        pytest.param(32, 7 * MIB, 32, id="many-threads"),
        pytest.param(32, 96 * MIB, 5, id="as-many-as-memory-allows"),
        pytest.param(8, 2048 * MIB, 1, id="at-least-one"),
    ],
)
def test_workers_are_bounded_by_threads_and_memory(threads: int, batch_bytes: int, workers: int) -> None:
    assert workers_for(threads, 1024 * MIB, batch_bytes) == workers

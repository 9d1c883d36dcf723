"""How many processes evaluate a model at the same time."""

import pytest

from segcompress_runner.measurement.parallel import Work, processes_for
from segcompress_runner.memory import DEFAULT, Memory

MIB = 2**20
MEMORY = Memory(DEFAULT, "the default").processes


@pytest.mark.parametrize(
    ("work", "threads", "processes"),
    [
        pytest.param(Work(500, 16, MIB), 1, 1, id="one-thread"),
        pytest.param(Work(500, 16, MIB), 2, 2, id="one-a-thread"),
        pytest.param(Work(500, 16, MIB), 32, 3, id="as-many-as-memory-allows"),
        pytest.param(Work(500, 16, 500 * MIB), 32, 1, id="a-large-model"),
        pytest.param(Work(500, 1, MIB), 2, 1, id="large-pictures-come-one-by-one"),
        pytest.param(Work(8, 8, MIB), 2, 1, id="few-pictures"),
    ],
)
def test_processes_are_bounded_by_threads_pictures_and_memory(
    work: Work, threads: int, processes: int
) -> None:
    assert processes_for(work, threads, MEMORY) == processes


def test_more_memory_allows_for_more_processes() -> None:
    assert processes_for(Work(500, 16, MIB), 8, 8 * MEMORY) == 8

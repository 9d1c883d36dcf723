"""Pictures that are read while a training runs, and workers that go bad."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from devcluster.processes import start_ticks
from segcompress_api.dataset import Transform
from segcompress_runner.compression import loader
from segcompress_runner.compression.loader import Batch
from segcompress_runner.compression.order import Order
from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.lists import Sample, read_list

from .conftest import write_dataset

ORDER = Order(12, 4, 0)

FEEDS = """
import multiprocessing, sys, time
from pathlib import Path
from integration.runner.test_loader import batches, pictures_in
feed = batches(pictures_in(Path(sys.argv[1])), 2)
next(feed)
print(*[worker.pid for worker in multiprocessing.active_children()], flush=True)
time.sleep(600)
"""

CRASHES = """
import contextlib, itertools, multiprocessing, os, signal, sys
from pathlib import Path
from integration.runner.test_loader import batches, pictures_in
with contextlib.closing(batches(pictures_in(Path(sys.argv[1])), 2)) as feed:
    list(itertools.islice(feed, 2))
    for worker in multiprocessing.active_children():
        os.kill(worker.pid, signal.SIGSEGV)
    list(feed)
"""

PREPARES = """
import contextlib, multiprocessing, os, sys
from pathlib import Path
from integration.runner.test_loader import batches, parent_of, pictures_in
from segcompress_runner.compression import loader
loader.prepare(2)
prepared = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
with contextlib.closing(batches(pictures_in(Path(sys.argv[1])), 2)) as feed:
    next(feed)
    parents = {str(parent_of(worker.pid)) for worker in multiprocessing.active_children()}
print(parents <= set(prepared))
"""


def pictures_in(folder: Path, *transforms: dict[str, object]) -> Pictures:
    write_dataset(folder)
    entries = read_list(folder, "train.txt")
    samples = [Sample(folder / e.image, folder / e.mask, e.origin, folder) for e in entries]
    return Pictures(samples, [Transform.model_validate(t) for t in transforms], mode="train")


def batches(pictures: Pictures, threads: int) -> Generator[Batch, None, None]:
    return loader.batches(pictures, ORDER, threads, 2**28)


@pytest.mark.parametrize("threads", [1, 2])
def test_picture_that_vanishes_is_named(tmp_path: Path, threads: int) -> None:
    pictures = pictures_in(tmp_path / "data", {"type": "Normalize"})
    (tmp_path / "data" / "5.png").unlink()
    with pytest.raises(
        InvalidInputError, match=r"^5\.png \(train\.txt line 6\): cannot be read as a picture$"
    ):
        for _ in zip(range(4), batches(pictures, threads), strict=False):
            pass


@pytest.mark.parametrize("threads", [1, 2])
def test_transform_that_fails_on_a_picture_is_named(tmp_path: Path, threads: int) -> None:
    pictures = pictures_in(tmp_path / "data", {"type": "Padding", "target_size": [8, 8]})
    with pytest.raises(InvalidSettingError, match=r"^spec\.dataset\.trainTransforms\[0\]: Padding fails on"):
        next(batches(pictures, threads))


@pytest.mark.parametrize("threads", [1, 2])
def test_augmentation_is_the_same_whoever_computes_it(tmp_path: Path, threads: int) -> None:
    augmented: list[dict[str, object]] = [
        {"type": "RandomHorizontalFlip"},
        {"type": "RandomDistort"},
        {"type": "RandomNoise"},
    ]
    pictures = pictures_in(tmp_path / "data", *augmented)
    with closing(batches(pictures, threads)) as feed:
        seen = [next(feed) for _ in range(2 * ORDER.batches_per_epoch)]
    for number, batch in enumerate(seen):
        epoch, within = divmod(number, ORDER.batches_per_epoch)
        for image, index in zip(batch, ORDER.epoch(epoch)[within], strict=True):
            assert (image == pictures.read(index, epoch)).all()


def test_workers_are_not_forked_from_this_process_and_end_with_the_feed(tmp_path: Path) -> None:
    with closing(batches(pictures_in(tmp_path / "data", {"type": "Normalize"}), 2)) as feed:
        next(feed)
        workers = multiprocessing.active_children()
        assert len(workers) == 2
        # A lock that a thread of this process holds would stay locked in its forks.
        assert {parent_of(worker.pid) for worker in workers}.isdisjoint({os.getpid()})
    assert not any(worker.is_alive() for worker in workers)


@pytest.mark.parametrize(
    ("by", "error", "words"),
    [
        pytest.param(signal.SIGKILL, MemoryError, "a process that reads pictures was killed", id="killed"),
        pytest.param(signal.SIGSEGV, RuntimeError, "ended with exit code -11", id="crashed"),
    ],
)
def test_worker_that_ends_ends_the_feed(
    tmp_path: Path, by: signal.Signals, error: type[Exception], words: str
) -> None:
    with closing(batches(pictures_in(tmp_path / "data", {"type": "Normalize"}), 2)) as feed:
        assert len(list(islice(feed, 2))) == 2  # One from each worker: both have started.
        for worker in multiprocessing.active_children():
            os.kill(worker.pid or 0, by)
        with pytest.raises(error, match=words):
            list(islice(feed, 100))


def test_worker_that_crashes_prints_pythons_stack_and_not_paddles(tmp_path: Path) -> None:
    # Paddle's handler allocates memory, and a worker that crashed while it did so would never end.
    stderr = played(CRASHES, tmp_path / "data").stderr
    assert "Fatal Python error: Segmentation fault" in stderr
    assert "C++ Traceback" not in stderr
    assert stderr.rstrip().endswith("RuntimeError: a process that reads pictures ended with exit code -11")


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", FEEDS, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    with program, program.stdout or closing(sys.stdin) as said:
        workers = [int(pid) for pid in said.readline().split()]
        program.kill()
    assert len(workers) == 2
    # Those that nobody has waited for yet count as ended: a container's first process may never do so.
    while any(start_ticks(worker) is not None for worker in workers):
        time.sleep(0.05)


def test_workers_are_forked_from_the_process_that_was_prepared(tmp_path: Path) -> None:
    assert played(PREPARES, tmp_path / "data").stdout == "True\n"


def played(program: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, str(data)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )


def parent_of(pid: int | None) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

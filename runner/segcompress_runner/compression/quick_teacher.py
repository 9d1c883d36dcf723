"""The teacher in another runtime than Paddle's executor, where that one says the same in less time.

The model is cut behind the distilled variables and opened once. Whether the runtime says what the executor
says is looked at on the first batch, so that two runs decide alike; else the executor goes on teaching.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from segcompress_runner.compression import saving
from segcompress_runner.compression.graph import load
from segcompress_runner.compression.static_graph import without_prints
from segcompress_runner.compression.task import Opener, Outputs
from segcompress_runner.compression.teacher import Teaches, taught
from segcompress_runner.errors import InvalidInputError, NotExportableError
from segcompress_runner.inputs.model import ModelFiles

TOLERANCE = 1e-4
"""The largest difference that counts as rounding, as a share of a variable's largest absolute value."""

_CUT = "cut_"
"""Before the names that Paddle makes up while it saves: a model that it saved has such names already."""


class OtherTeacherError(Exception):
    """A runtime cannot run the model, or says something else than Paddle's executor."""


@dataclass(frozen=True)
class QuickTeacher:
    """A frozen model that computes `nodes` from its input `feed` by `outputs`, in their order."""

    feed: str
    nodes: tuple[str, ...]
    outputs: Outputs

    def teach(self, batch: Any, executor: Any, student: Any) -> None:
        """Compute the nodes for a batch; `student` is the scope in which they can be read afterwards."""
        self._tell(self.outputs(batch), executor, student)

    def lessons(self, feed: Iterable[Any], executor: Any, student: Any) -> Iterator[Any]:
        """Yield each batch of `feed` once its nodes can be read in the scope `student`.

        A thread computes them while the batch before is learnt from.
        """
        for batch, found in ahead(feed, self.outputs):
            self._tell(found, executor, student)
            yield batch

    def _tell(self, found: Sequence[NDArray[Any]], executor: Any, student: Any) -> None:
        for name, values in zip(self.nodes, found, strict=True):
            student.var(taught(name)).get_tensor().set(np.ascontiguousarray(values), executor.place)


def ahead(feed: Iterable[Any], outputs: Outputs) -> Generator[tuple[Any, Sequence[NDArray[Any]]], None, None]:
    """Yield each batch with its outputs, which a thread computes while the batch before is in use."""
    with ThreadPoolExecutor(1, "teacher") as thread:
        waiting: deque[tuple[Any, Future[Sequence[NDArray[Any]]]]] = deque()
        for batch in feed:
            waiting.append((batch, thread.submit(outputs, batch)))
            if len(waiting) > 1:
                first, found = waiting.popleft()
                yield first, found.result()
        for last, found in waiting:
            yield last, found.result()


def quicker(
    teacher: Teaches, files: ModelFiles, opener: Opener, batch: NDArray[np.float32], executor: Any
) -> QuickTeacher:
    """Return what teaches as `teacher` does, from the model's `files`.

    Raises OtherTeacherError where the model cannot be opened, or says something else of the first `batch`.
    """
    try:
        with TemporaryDirectory() as folder:
            outputs = opener(cut(files, teacher.feed, teacher.nodes, Path(folder), executor))
        found = outputs(batch)
    except (NotExportableError, InvalidInputError) as error:
        raise OtherTeacherError(str(error)) from error
    said = _said(teacher, batch, executor)
    for name, expected, values in zip(teacher.nodes, said, found, strict=True):
        _check_alike(name, expected, values)
    return QuickTeacher(teacher.feed, teacher.nodes, outputs)


def cut(files: ModelFiles, feed: str, nodes: Sequence[str], into: Path, executor: Any) -> ModelFiles:
    """Save the model up to the variables `nodes`, which are its outputs then."""
    with paddle.static.scope_guard(paddle.static.Scope()), without_prints():
        program = load(files, executor).program
        block = program.global_block()
        outputs = list(map(block.var, nodes))
        with paddle.utils.unique_name.guard(_CUT):
            paddle.static.save_inference_model(
                str(into / saving.NAME), [block.var(feed)], outputs, executor, program=program
            )
    return ModelFiles(into / f"{saving.NAME}.pdmodel", into / f"{saving.NAME}.pdiparams")


def _said(teacher: Teaches, batch: NDArray[np.float32], executor: Any) -> list[NDArray[Any]]:
    scope = paddle.static.Scope()
    teacher.teach(batch, executor, scope)
    return [np.array(scope.find_var(taught(name)).get_tensor()) for name in teacher.nodes]


def _check_alike(name: str, expected: NDArray[Any], found: NDArray[Any]) -> None:
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        raise OtherTeacherError(
            f"{name} is {found.dtype} of shape {list(found.shape)} there, and {expected.dtype} of shape "
            f"{list(expected.shape)} here"
        )
    largest = float(np.abs(expected).max(initial=0.0))
    apart = float(np.abs(expected - found).max(initial=0.0))
    if not apart <= TOLERANCE * largest:
        raise OtherTeacherError(f"{name} differs by up to {apart:.3g}, of values up to {largest:.3g}")

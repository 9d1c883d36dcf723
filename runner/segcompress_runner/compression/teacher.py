"""The model as it was: what it says of a batch is what the student is trained to say.

A program of its own in a scope of its own, so that no pass over the student's program visits it. The
distilled variables are persistable in both programs: the executor leaves them in the teacher's scope, and the
student's variables share their memory. Nothing is fetched, so nothing leaves the device.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import paddle

from segcompress_runner.compression.graph import load
from segcompress_runner.compression.shares import in_shares
from segcompress_runner.compression.slim import remove_fetch_node
from segcompress_runner.inputs.model import ModelFiles

_PREFIX = "teacher_"


class Teaches(Protocol):
    """A frozen model that computes variables `nodes` from its input `feed`."""

    @property
    def feed(self) -> str:
        """Return the name of the input."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """Return the names of the variables."""

    def teach(self, batch: Any, executor: Any, student: Any) -> None:
        """Compute the nodes for a batch; `student` is the scope in which they can be read afterwards."""

    def lessons(self, feed: Iterable[Any], executor: Any, student: Any) -> Iterator[Any]:
        """Yield each batch of `feed` once its nodes can be read in the scope `student`."""


@dataclass(frozen=True)
class Teacher:
    """A frozen model that computes `nodes` from its input `feed`."""

    program: Any
    scope: Any
    feed: str
    nodes: tuple[str, ...]

    def declare(self, student: Any) -> None:
        """Declare the teacher's values in the student's program, of the same shapes and types."""
        block = student.global_block()
        for name in self.nodes:
            own = block.var(name)
            block.create_var(
                name=taught(name), shape=own.shape, dtype=own.dtype, persistable=True, stop_gradient=True
            )

    def teach(self, batch: Any, executor: Any, student: Any) -> None:
        """Compute the nodes for a batch; `student` is the scope in which they can be read afterwards."""
        executor.run(self.program, feed={self.feed: batch}, scope=self.scope)
        for name in self.nodes:
            own = self.scope.find_var(name).get_tensor()
            student.var(taught(name)).get_tensor()._share_data_with(own)  # noqa: SLF001  # no public way

    def lessons(self, feed: Iterable[Any], executor: Any, student: Any) -> Iterator[Any]:
        """Yield each batch of `feed` once its nodes can be read in the scope `student`."""
        for batch in feed:
            self.teach(batch, executor, student)
            yield batch


def make_teacher(files: ModelFiles, nodes: Sequence[str], executor: Any, shares: int = 1) -> Teacher:
    """Load the model once more, cut behind the variables `nodes`, to compute a batch in so many shares."""
    scope = paddle.static.Scope()
    with paddle.static.scope_guard(scope):
        loaded = load(files, executor)
    without_feed(loaded.program)
    remove_fetch_node(loaded.program)
    program = loaded.program.clone(for_test=True)._prune(list(nodes))  # noqa: SLF001  # no public way
    in_shares(program, loaded.feed, nodes, shares)
    for name in nodes:
        program.global_block().var(name).persistable = True
    return Teacher(program, scope, loaded.feed, tuple(nodes))


def taught(name: str) -> str:
    """Return what the teacher's value of a variable is called in the student's program."""
    return _PREFIX + name


def without_feed(program: Any) -> Any:
    """Drop the feed operators, which `_prune` wants before the masks; the executor adds its own."""
    block = program.global_block()
    for index in reversed([index for index, op in enumerate(block.ops) if op.type == "feed"]):
        block._remove_op(index)  # noqa: SLF001  # no public way
    return program

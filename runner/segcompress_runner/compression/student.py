"""The student: the model that came, made trainable again, with the loss that its teacher sets.

Uses the pieces of ACT 2.6.0 (auto_compression/compressor.py and create_compressed_program.py):
`recover_inference_program`; the steps bring theirs. Not used: upstream's
`build_*_program`, because they add a loss class that occurs twice to itself, look names up with eval, and let
a removed mask take along every operator with `_mask` in an input's name; and `merge`, which copies the
teacher into the student's program, where the quantisation passes visit it too.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle

from segcompress_api.act_settings import ActSettings, DistillationSettings
from segcompress_runner.compression.act_config import FLOAT_SCOPE
from segcompress_runner.compression.depthwise import gather_gradients
from segcompress_runner.compression.final_layers import final_outputs
from segcompress_runner.compression.graph import Loaded, load
from segcompress_runner.compression.losses import LOSSES
from segcompress_runner.compression.optimizer import Optimisation, build_optimisation
from segcompress_runner.compression.shares import in_shares
from segcompress_runner.compression.slim import (
    recover_inference_program,
    remove_fetch_node,
)
from segcompress_runner.compression.steps import Graphs, Step
from segcompress_runner.compression.teacher import Teacher, Teaches, make_teacher, taught, without_feed
from segcompress_runner.inputs.model import ModelFiles

Groups = tuple[tuple[str, ...], ...]
"""Names of the variables to distil, one tuple for each loss."""


@dataclass(frozen=True)
class Lesson:
    """The model to train, the model that teaches it, and in how many shares a batch is computed."""

    student: ModelFiles
    teacher: ModelFiles
    shares: int = 1


@dataclass(frozen=True)
class Student:
    """What one training runs: `graphs.train` yields `loss`, `graphs.inference` is evaluated and saved.

    `evaluated` computes what `graphs.inference` does, in `shares`.
    """

    teacher: Teaches
    graphs: Graphs
    evaluated: Any
    shares: int
    feed: str
    fetch: str
    loss: str
    optimisation: Optimisation

    def losses(self, executor: Any, feed: Iterable[Any]) -> Generator[float, None, None]:
        """Run one iteration on each batch (float32, N x 3 x H x W), and yield its loss."""
        for batch in self.teacher.lessons(feed, executor, self.graphs.scope):
            (loss,) = executor.run(self.graphs.train, feed={self.feed: batch}, fetch_list=[self.loss])
            yield float(np.mean(loss))

    def predict(self, executor: Any, images: Any) -> Any:
        """Return what the model says of images as its weights are now."""
        whole = len(images) % self.shares != 0
        program = self.graphs.inference if whole else self.evaluated
        (output,) = executor.run(program, feed={self.feed: images}, fetch_list=[self.fetch])
        return np.asarray(output)


def make_student(lesson: Lesson, settings: ActSettings, steps: Sequence[Step], executor: Any) -> Student:
    """Load the model into the current scope and return what trains it; optimiser state is initialised."""
    loaded = load(lesson.student, executor)
    inference = loaded.program.clone(for_test=True)
    groups = distilled(inference, settings.distillation)
    teacher = make_teacher(lesson.teacher, names_in(groups), executor, lesson.shares)
    train = trainable(loaded.program)
    graphs = Graphs(train, inference, paddle.static.global_scope(), teacher.nodes)
    for step in steps:
        step.before_loss(graphs, executor)
    graphs.train = graphs.train._prune(list(teacher.nodes))  # noqa: SLF001  # as upstream cuts behind the nodes
    graphs.train.global_block().var(
        loaded.feed
    ).stop_gradient = False  # PACT clips it, and needs its gradient
    in_shares(graphs.train, loaded.feed, teacher.nodes, lesson.shares)
    loss, optimisation = _minimise(graphs.train, settings, groups, teacher, executor)
    for step in steps:
        step.after_loss(graphs, executor)
    if isinstance(executor.place, paddle.CPUPlace):
        gather_gradients(graphs.train)
    if optimisation.schedule is not None:
        # A step may return a new program, which would stay at the schedule's first rate.
        graphs.train.lr_scheduler = optimisation.schedule
    evaluated = _evaluated(graphs.inference, loaded, lesson.shares)
    return Student(teacher, graphs, evaluated, lesson.shares, loaded.feed, loaded.fetch, loss, optimisation)


def _evaluated(inference: Any, loaded: Loaded, shares: int) -> Any:
    program = without_feed(inference.clone(for_test=True))
    remove_fetch_node(program)
    in_shares(program, loaded.feed, [loaded.fetch], shares)
    return program


def trainable(program: Any) -> Any:
    """Return an inference program, without feed and fetch, as one whose weights can be trained."""
    return recover_inference_program(_without_dropout(without_feed(program)), paddle.static.Program())


def _without_dropout(program: Any) -> Any:
    """Let dropout compute what it does in inference: an exported one has lost its mask, and the gradient."""
    block = program.global_block()
    for index, op in [(index, op) for index, op in enumerate(block.ops) if op.type == "dropout"]:
        kept = (
            1.0 if op.attr("dropout_implementation") == "upscale_in_train" else 1.0 - op.attr("dropout_prob")
        )
        given, made = block.var(op.input("X")[0]), block.var(op.output("Out")[0])
        block._remove_op(index)  # noqa: SLF001  # no public way
        block._insert_op(  # noqa: SLF001
            index, type="scale", inputs={"X": given}, outputs={"Out": made}, attrs={"scale": kept}
        )
    return program


def distilled(program: Any, settings: DistillationSettings) -> Groups:
    """Return the variables to distil; where none are named, what ACT distils without a node.

    That is the outputs of the final operators with weights.
    """
    return settings.groups or (final_outputs(program),)


def names_in(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return each name once, in the order in which they come."""
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _minimise(
    train: Any, settings: ActSettings, groups: Groups, teacher: Teacher, executor: Any
) -> tuple[str, Optimisation]:
    """Append loss, gradients and optimiser to `train`; returns the loss variable's name."""
    startup = paddle.static.Program()
    with paddle.static.program_guard(train, startup), paddle.utils.unique_name.guard("merge"):
        optimisation = build_optimisation(settings.training)
        teacher.declare(train)
        with paddle.static.name_scope(FLOAT_SCOPE):
            loss = paddle.mean(_distillation_loss(train, settings.distillation, groups))
        loss.stop_gradient = False
        optimisation.optimizer.minimize(loss)
    executor.run(startup)
    return loss.name, optimisation


def _distillation_loss(train: Any, settings: DistillationSettings, groups: Groups) -> Any:
    block = train.global_block()
    total = 0.0
    for names, loss, alpha in zip(groups, settings.losses, settings.alphas, strict=True):
        for name in names:
            total = LOSSES[loss](block.var(name), block.var(taught(name))) * alpha + total
    return total

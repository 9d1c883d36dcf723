"""The training loop: replaces AutoCompression._start_train of PaddleSlim's ACT.

Where a strategy has several steps, one training follows another, each from the last one's best weights; the
model as it came teaches all of them.

Differences from upstream, each for a fault of it: only evaluations after the pruning ramp can win; one
evaluation always stands at the end; nothing ends the training for being near the baseline; a loss of NaN or
infinity ends it at once; SIGTERM is honoured at every step. What is done to the graph and the weights is the
steps' and the `student`'s.
"""

import contextlib
import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcompress_api.act_settings import QuantPostSettings
from segcompress_runner.compression import checkpoint, loader, saving
from segcompress_runner.compression.calibration import calibrate
from segcompress_runner.compression.checks import check_training, iterations_of, training_checks
from segcompress_runner.compression.loss_curve import LossCurve
from segcompress_runner.compression.order import Order
from segcompress_runner.compression.quick_teacher import OtherTeacherError, quicker
from segcompress_runner.compression.shares import share_count
from segcompress_runner.compression.static_graph import static_graph, without_prints
from segcompress_runner.compression.steps import Step, make_steps
from segcompress_runner.compression.student import Lesson, Student, make_student
from segcompress_runner.compression.task import Compressed, Training, joined
from segcompress_runner.compression.winner import Evaluation, is_due, reaches, wins
from segcompress_runner.errors import InvalidSettingError, PreemptedError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.evaluation import Scores
from segcompress_runner.measurement.model_output import OutputNotFiniteError
from segcompress_runner.progress import Stage

__all__ = [
    "Compressed",
    "Evaluation",
    "Training",
    "check_training",
    "compress",
    "iterations_of",
    "training_checks",
]


def compress(training: Training, into: Path) -> Compressed:
    """Train, and save the best weights under `into`; raises InvalidSettingError and PreemptedError."""
    check_training(
        training.model, training.info, training.settings, len(training.pictures), training.batch_size
    )
    parts: list[Compressed] = []
    trainings = training.settings.trainings
    for number, settings in enumerate(trainings, start=1):
        model = parts[-1].files if parts else training.model
        part = replace(training, model=model, teacher=training.model, settings=settings)
        training.progress.start(Stage.COMPRESS)
        if len(trainings) > 1:
            training.progress.note(f"step {number} of {len(trainings)}: {settings.steps[0].section}")
        parts.append(_take(part, into if number == len(trainings) else into / f"step-{number}"))
    return joined(parts)


def _take(training: Training, into: Path) -> Compressed:
    """Take the one step of `training.settings`."""
    step = training.settings.steps[0]
    return calibrate(training, step, into) if isinstance(step, QuantPostSettings) else _train(training, into)


def _train(training: Training, into: Path) -> Compressed:
    """Train by the one step of `training.settings`, and save the best weights under `into`."""
    started = time.monotonic()
    loader.prepare(training.threads)
    steps = make_steps(training.settings.steps)
    teacher = training.teacher or training.model
    shares = shares_of(training, steps)
    threads = max(training.threads // shares, 1)
    with static_graph(device=training.device, threads=threads, seed=training.seed) as executor:
        with without_prints():
            lesson = Lesson(training.model, teacher, shares)
            student = make_student(lesson, training.settings, steps, executor)
        student = _taught_quickly(student, training, teacher, executor)
        for step in steps:
            _show(step, training, executor)
        for note in (note for step in steps for note in step.notes):
            training.progress.note(note)
        run = _Run(training, student, steps, executor)
        run.train()
        best, scores = run.restore_best()
        with without_prints():
            files = _save(training.model, student, steps, executor, into)
    return Compressed(
        files=files,
        best=scores,
        best_iteration=best.iteration,
        history=tuple(run.history),
        losses=run.losses.points(),
        iterations=run.history[-1].iteration,
        seconds=time.monotonic() - started,
    )


def _taught_quickly(student: Student, training: Training, teacher: ModelFiles, executor: Any) -> Student:
    """Let the runtime that the training names teach, if that says what Paddle's executor says."""
    if training.quick is None:
        return student
    (batch,) = _first_batches(training, 1)
    try:
        quick = quicker(student.teacher, teacher, training.quick, batch, executor)
    except OtherTeacherError as error:
        training.progress.note(f"the teacher stays on Paddle's executor: {error}")
        return student
    return replace(student, teacher=quick)


def _show(step: Step, training: Training, executor: Any) -> None:
    """Let a step see the first pictures, if it asks for any."""
    if step.looks_at == 0:
        return
    batches = _first_batches(training, -(-step.looks_at // training.batch_size))
    seen = min(sum(map(len, batches)), len(training.pictures))  # a short list is repeated to fill a batch
    training.progress.note(f"{training.settings.steps[0].section}: looks at {seen} pictures")
    for _ in step.see(batches, executor):
        if training.stop():
            raise PreemptedError("stopped by SIGTERM before the first iteration")


def _first_batches(training: Training, count: int) -> list[NDArray[np.float32]]:
    """Return the batches that an epoch starts with, at most one epoch of them."""
    batches = Order(len(training.pictures), training.batch_size, training.seed).epoch(0)[:count]
    return [np.stack([training.pictures.read(index) for index in batch]) for batch in batches]


def shares_of(training: Training, steps: Sequence[Step]) -> int:
    """Return in how many shares to compute a batch.

    A graph that was exported for batches of this very size may have it built in.
    """
    bound = training.info.input_shape[0] == training.batch_size
    if training.device != "CPU" or bound or any(step.sees_whole_batch for step in steps):
        return 1
    return share_count(training.threads, training.batch_size)


def _save(
    model: ModelFiles, student: Student, steps: Sequence[Step], executor: Any, into: Path
) -> ModelFiles:
    """Save what the steps make of the weights that are in the scope."""
    for step in steps:
        step.finalise(student.graphs, executor)
    inference = student.graphs.inference
    rewritten = any(step.rewrites_graph for step in steps)
    graph = saving.graph_of(inference) if rewritten else model.program.read_bytes()
    return saving.save(graph, inference, into, executor)


class _Run:
    """One training from its first iteration to its last, and the best weights that it saw."""

    def __init__(self, training: Training, student: Student, steps: Sequence[Step], executor: Any) -> None:
        self._training = training
        self._student = student
        self._steps = steps
        self._executor = executor
        self._total = iterations_of(training.settings, len(training.pictures), training.batch_size)
        self._best: tuple[Evaluation, Scores, checkpoint.Weights] | None = None
        self._iteration = 0
        self.history: list[Evaluation] = []
        self.losses = LossCurve(self._total)

    def train(self) -> None:
        """Run the iterations; the stage gets its total only now, since the surgery before it takes time."""
        training = self._training
        training.progress.start(Stage.COMPRESS, self._total)
        self._advance(0)
        order = Order(len(training.pictures), training.batch_size, training.seed)
        feed = loader.batches(training.pictures, order, training.threads, training.reading)
        losses = self._student.losses(self._executor, itertools.islice(feed, self._total))
        with contextlib.closing(feed), contextlib.closing(losses):
            self._iterate_over(losses)

    def _iterate_over(self, losses: Iterator[float]) -> None:
        training, total, how = self._training, self._total, self._training.settings.training
        for iteration in range(1, total + 1):
            self._heed_stop()
            self._iteration = iteration
            loss = self._iterate(iteration, losses)
            if is_due(iteration, how.log_every, total):
                training.progress.step(iteration, loss=loss)
            if is_due(iteration, how.eval_every, total):
                evaluation = self._evaluate(iteration)
                if reaches(evaluation, how.target_miou):
                    training.progress.note(
                        f"target_metric is reached after {iteration} of {total} iterations"
                    )
                    return

    def restore_best(self) -> tuple[Evaluation, Scores]:
        """Put the best weights back into the scope."""
        if self._best is None:
            raise AssertionError("no evaluation was eligible: check_length let a short training pass")
        evaluation, scores, weights = self._best
        checkpoint.restore(weights, self._student.graphs.scope, self._executor.place)
        return evaluation, scores

    def _iterate(self, iteration: int, losses: Iterator[float]) -> float:
        loss = next(losses)
        if not math.isfinite(loss):
            raise self._diverged(f"loss became {loss}")
        self.losses.add(loss)
        self._student.optimisation.advance()
        self._advance(iteration)
        return loss

    def _advance(self, iterations: int) -> None:
        for step in self._steps:
            step.advance(iterations, self._executor)

    def _evaluate(self, iteration: int) -> Evaluation:
        for step in self._steps:
            step.before_evaluation(self._executor)
        try:
            scores = self._training.evaluate(self._predict)
        except OutputNotFiniteError:
            raise self._diverged("outputs became NaN or infinite") from None
        evaluation = Evaluation(
            iteration=iteration,
            miou=scores.miou,
            ratio=next((step.ratio for step in self._steps if step.ratio is not None), None),
            eligible=all(step.eligible for step in self._steps),
        )
        self.history.append(evaluation)
        if wins(evaluation, self._best[0] if self._best else None):
            graphs = self._student.graphs
            self._best = (evaluation, scores, checkpoint.take(graphs.inference, graphs.scope))
        self._training.progress.note(_told(evaluation, self._total))
        if evaluation.eligible:
            self._training.progress.step(iteration, miou=evaluation.miou)
        return evaluation

    def _predict(self, images: NDArray[np.float32]) -> NDArray[Any]:
        self._heed_stop()
        predicted: NDArray[Any] = self._student.predict(self._executor, images)
        return predicted

    def _diverged(self, how: str) -> InvalidSettingError:
        rate = self._training.settings.training.learning_rate
        return InvalidSettingError(
            f"spec.strategy.TrainConfig.learning_rate: the {how} at iteration {self._iteration} of "
            f"{self._total}; lower it (now {rate})"
        )

    def _heed_stop(self) -> None:
        if self._training.stop():
            raise PreemptedError(f"stopped by SIGTERM at iteration {self._iteration} of {self._total}")


def _told(evaluation: Evaluation, total: int) -> str:
    text = f"iteration {evaluation.iteration} of {total}: mIoU {evaluation.miou:.4f}"
    if evaluation.ratio is None:
        return text
    return f"{text} at ratio {evaluation.ratio:.4f}" + ("" if evaluation.eligible else " (ramp not over)")

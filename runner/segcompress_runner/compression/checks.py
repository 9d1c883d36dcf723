"""What is certain to fail a training, found in the first seconds, before its first iteration."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import paddle

from segcompress_api.act_settings import ActSettings, check_length
from segcompress_api.errors import InvalidSpecError
from segcompress_runner.compression.batching import check_batch
from segcompress_runner.compression.coverage import check_coverage
from segcompress_runner.compression.graph import Operator, load, operators
from segcompress_runner.compression.nodes import Variable, check_loss, check_names
from segcompress_runner.compression.optimizer import check_optimisation
from segcompress_runner.compression.order import Order
from segcompress_runner.compression.static_graph import static_mode, without_prints
from segcompress_runner.compression.steps import make_steps
from segcompress_runner.compression.student import Groups, distilled, names_in, trainable
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.findings import Checks
from segcompress_runner.inputs.model import ModelFiles, ModelInfo


def iterations_of(settings: ActSettings, pictures: int, batch_size: int) -> int:
    """Return how many iterations a training on a list of that many pictures takes."""
    if settings.train is None:
        return 0
    return settings.train.total_iterations(Order(pictures, batch_size, 0).batches_per_epoch)


def check_training(
    files: ModelFiles, info: ModelInfo, settings: ActSettings, pictures: int, batch_size: int
) -> None:
    """Raise InvalidSettingError naming the setting that cannot work with this model, and what would."""
    for check in training_checks(files, info, settings, pictures, batch_size):
        check()


def training_checks(
    files: ModelFiles, info: ModelInfo, settings: ActSettings, pictures: int | None, batch_size: int
) -> Checks:
    """Yield checks that do not depend on one another; each raises InvalidSettingError."""
    for training in settings.trainings:
        if training.train is not None:
            yield partial(check_optimisation, training.train)
    if pictures is not None and settings.train is not None:
        yield partial(_check_length, settings, iterations_of(settings, pictures, batch_size))
    yield lambda: _check_distilled(files, info, settings)
    if settings.train is not None:
        yield lambda: check_batch(files, info, batch_size)


def _check_length(settings: ActSettings, iterations: int) -> None:
    try:
        check_length(settings, iterations)
    except InvalidSpecError as error:
        raise InvalidSettingError(str(error)) from None


def _check_distilled(files: ModelFiles, info: ModelInfo, settings: ActSettings) -> None:
    check_names(info, names_in(settings.distillation.groups))
    _check_graph(files, settings)


def _check_graph(files: ModelFiles, settings: ActSettings) -> None:
    """Check what is distilled, by which loss, and that it trains every layer that a step changes."""
    with static_mode(), paddle.static.scope_guard(paddle.static.Scope()), without_prints():
        program = load(files, paddle.static.Executor(paddle.CPUPlace())).program
        graph = operators(program)
        groups = distilled(program, settings.distillation)
        if settings.train is not None:
            _check_losses(program, graph, groups, settings.distillation.losses)
        program = trainable(program)
        nodes = names_in(groups)
        for one, step in zip(settings.steps, make_steps(settings.steps), strict=True):
            changed = step.changed(program, graph, nodes)
            if one.trains:
                check_coverage(graph, nodes, changed)


def _check_losses(program: Any, graph: Sequence[Operator], groups: Groups, losses: Sequence[str]) -> None:
    for names, loss in zip(groups, losses, strict=True):
        for name in names:
            check_loss(name, _variable(program, name), loss, graph)


def _variable(program: Any, name: str) -> Variable:
    var = program.global_block().var(name)
    return Variable(tuple(var.shape), is_weight=var.persistable, is_float=var.dtype == paddle.float32)

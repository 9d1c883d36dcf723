"""Graph surgery: from an inference model to the program that trains it as its own teacher's student.

The only importer of PaddleSlim. Uses the pieces of ACT 2.6.0 (auto_compression/compressor.py and
create_compressed_program.py): `recover_inference_program`, the distillation losses, `UnstructuredPruner`,
`quant_aware`, `convert`, `find_final_nodes`. Not used: upstream's `build_*_program`, because they add a loss
class that occurs twice to itself, look names up with eval, and let a removed mask take along every operator
with `_mask` in an input's name; and `merge`, which copies the teacher into the student's program, where the
quantisation passes visit it too: here the teacher stays a program beside it, and its outputs are fed.
Nothing here trains, evaluates or decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
from paddleslim.common.patterns import find_final_nodes
from paddleslim.common.recover_program import _remove_fetch_node, recover_inference_program
from paddleslim.dist import single_distiller
from paddleslim.prune.unstructured_pruner import UnstructuredPruner
from paddleslim.quant.quanter import convert, get_pact_optimizer, pact, quant_aware

from segcompress_api.act_settings import ActSettings, DistillationSettings, PruneSettings, QuantSettings
from segcompress_api.strategy import QuantAware
from segcompress_runner.compression.act_config import quantization_config
from segcompress_runner.compression.nodes import FIELD as NODE_FIELD
from segcompress_runner.compression.optimizer import Optimisation, build_optimisation
from segcompress_runner.compression.pruning import Pruning
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles

_TEACHER = "teacher_"


@dataclass(frozen=True)
class Teacher:
    """The model as it was, in a scope of its own: it names its outputs `teacher_*` for the student."""

    program: Any
    scope: Any
    names: tuple[str, ...]


@dataclass(frozen=True)
class Programs:
    """What one training runs: `train` yields `loss`, `inference` is evaluated and saved.

    Both share their weights by name in the current scope. `pruning` is None where nothing is pruned.
    """

    teacher: Teacher
    train: Any
    inference: Any
    feed: str
    fetch: str
    loss: str
    optimisation: Optimisation
    pruning: Pruning | None

    def iterate(self, executor: Any, batch: Any) -> float:
        """Run one iteration on a batch (float32, N x 3 x H x W) and return its loss."""
        taught = executor.run(
            self.teacher.program,
            feed={self.feed: batch},
            fetch_list=list(self.teacher.names),
            scope=self.teacher.scope,
            return_numpy=False,
        )
        feed = {_TEACHER + name: value for name, value in zip(self.teacher.names, taught, strict=True)}
        (loss,) = executor.run(self.train, feed={self.feed: batch, **feed}, fetch_list=[self.loss])
        return float(np.mean(loss))


@dataclass(frozen=True)
class _Loaded:
    program: Any
    feed: str
    fetch: str


def build_programs(files: ModelFiles, settings: ActSettings, executor: Any) -> Programs:
    """Load the model into the current scope and return its programs; optimiser state is initialised."""
    place = executor.place
    student = _load(files, executor)
    inference = student.program.clone(for_test=True)
    groups = settings.distillation.groups or (_last_layers(inference),)
    teacher = _teacher(files, groups, executor)
    train = recover_inference_program(_without_feed(student.program), paddle.static.Program())
    pruning = None
    (step,) = settings.steps
    if isinstance(step, PruneSettings):
        pruning = Pruning(_pruner(train, step, place), step, place)
    train = train._prune(list(teacher.names))  # noqa: SLF001  # as upstream cuts behind the nodes
    train.global_block().var(student.feed).stop_gradient = False  # PACT clips it, and needs its gradient
    loss, optimisation = _minimise(train, settings, groups, executor)
    if isinstance(step, QuantSettings):
        train, inference = _quantised(train, inference, step.quant_aware, executor)
        if optimisation.schedule is not None:
            # The passes return a new program, which would stay at the schedule's first rate.
            train.lr_scheduler = optimisation.schedule
    return Programs(teacher, train, inference, student.feed, student.fetch, loss, optimisation, pruning)


def deployable(programs: Programs, settings: ActSettings, place: Any) -> Any:
    """Return the program whose variables are saved.

    The weights of a quantised one become int8 values in the current scope: it trains no more afterwards.
    """
    (step,) = settings.steps
    if not isinstance(step, QuantSettings):
        return programs.inference
    config = quantization_config(step.quant_aware)
    return convert(programs.inference, place, config, scope=current_scope())


def current_scope() -> Any:
    """Return the scope that holds the weights."""
    return paddle.static.global_scope()


def _load(files: ModelFiles, executor: Any) -> _Loaded:
    program = paddle.static.deserialize_program(files.program.read_bytes())
    paddle.static.deserialize_persistables(program, files.params.read_bytes(), executor)
    feed, fetch = program.desc.get_feed_target_names(), program.desc.get_fetch_target_names()
    return _Loaded(program, feed[0], fetch[0])


def _without_feed(program: Any) -> Any:
    """Drop the feed operators, which `_prune` wants before the masks; the executor adds its own."""
    block = program.global_block()
    for index in reversed([index for index, op in enumerate(block.ops) if op.type == "feed"]):
        block._remove_op(index)  # noqa: SLF001  # no public way
    return program


def _last_layers(program: Any) -> tuple[str, ...]:
    """Return the outputs of the final operators with weights: what ACT distils without a node.

    Source: AutoCompression._get_model_info, which calls find_final_nodes.
    """
    return tuple(dict.fromkeys(var.name() for var in find_final_nodes(program)))


def _pruner(program: Any, settings: PruneSettings, place: Any) -> Any:
    return UnstructuredPruner(
        program,
        mode=settings.mode,
        scope=current_scope(),
        place=place,
        prune_params_type="conv1x1_only" if settings.only_1x1 else None,
    )


def _teacher(files: ModelFiles, groups: Sequence[Sequence[str]], executor: Any) -> Teacher:
    names = tuple(dict.fromkeys(name for group in groups for name in group))
    scope = paddle.static.Scope()
    with paddle.static.scope_guard(scope):
        loaded = _load(files, executor)
    _check_variables(loaded.program, names)
    _remove_fetch_node(_without_feed(loaded.program))
    program = loaded.program.clone(for_test=True)._prune(list(names))  # noqa: SLF001  # no public way
    return Teacher(program, scope, names)


def _check_variables(program: Any, names: Sequence[str]) -> None:
    for name in names:
        if program.global_block().var(name).persistable:
            raise InvalidSettingError(f"{NODE_FIELD}: {name} is a weight; name the output of a layer")


def _minimise(
    train: Any, settings: ActSettings, groups: Sequence[Sequence[str]], executor: Any
) -> tuple[str, Optimisation]:
    """Append loss, gradients and optimiser to `train`; returns the loss variable's name."""
    startup = paddle.static.Program()
    with paddle.static.program_guard(train, startup), paddle.utils.unique_name.guard("merge"):
        optimisation = build_optimisation(settings.train)
        _declare_teacher(train, groups)
        loss = paddle.mean(_distillation_loss(settings.distillation, groups))
        loss.stop_gradient = False
        optimisation.optimizer.minimize(loss)
    executor.run(startup)
    return loss.name, optimisation


def _declare_teacher(train: Any, groups: Sequence[Sequence[str]]) -> None:
    """Declare the teacher's outputs as inputs of the student's program."""
    for name in dict.fromkeys(name for group in groups for name in group):
        var = train.global_block().var(name)
        paddle.static.data(_TEACHER + name, list(var.shape), var.dtype)


def _distillation_loss(settings: DistillationSettings, groups: Sequence[Sequence[str]]) -> Any:
    losses = {
        "l2": single_distiller.l2,
        "soft_label": single_distiller.soft_label,
        "dkd": single_distiller.dkd,
        "skd": single_distiller.skd,
    }
    total = 0.0
    for names, loss, alpha in zip(groups, settings.losses, settings.alphas, strict=True):
        for name in names:
            total = losses[loss](_TEACHER + name, name) * alpha + total
    return total


def _quantised(train: Any, inference: Any, settings: QuantAware, executor: Any) -> tuple[Any, Any]:
    """Insert quantise and dequantise operators into both programs, with shared scales."""
    scope = current_scope()
    quantised_inference = quant_aware(
        inference, executor.place, quantization_config(settings), scope=scope, for_test=True
    )
    quantised_train = quant_aware(
        train,
        executor.place,
        quantization_config(settings),
        scope=scope,
        act_preprocess_func=pact if settings.use_pact else None,
        optimizer_func=get_pact_optimizer if settings.use_pact else None,
        executor=executor if settings.use_pact else None,
        return_program=True,
    )
    return quantised_train, quantised_inference

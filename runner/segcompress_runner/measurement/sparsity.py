"""How sparse a saved model is, read from its files: over the parameters that upstream's pruner prunes.

Source: paddleslim 2.6.0, prune/unstructured_pruner.py, `_get_skip_params` and `_get_skip_params_conv1x1`;
what counts as a parameter: common/recover_program.py, `_recover_param_attr`.
Where zeros were promised in a pattern, only those that lie in it count.
Nothing that a training counted goes in here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcompress_api.act_settings import Pattern, SparsityTarget
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.patterns import zeros_in_blocks
from segcompress_runner.measurement.static_model import loaded
from segcompress_runner.measurement.two_of_four import input_axes, is_two_of_four

_QUANTISERS = ("quantize_linear", "dequantize_linear")
_CONVOLUTION_RANK = 4
_NO_PARAMETERS = ("feed", "fetch")
_HEIGHTS: dict[Pattern, int] = {"1x1": 1, "4x1": 4, "2:4": 1}
"""Output channels that must be zero together for their zeros to count."""


@dataclass(frozen=True)
class Layer:
    """One parameter: its name, its shape, its share of zeros, and whether the pruner prunes it."""

    name: str
    shape: tuple[int, ...]
    zeros: float
    pruned: bool


@dataclass(frozen=True)
class Sparsity:
    """Shares of zeros, 0 to 1: over the pruned layers, and over every parameter; and layer by layer.

    `unfit` names the pruned layers whose zeros do not lie in the pattern 2:4, where that was promised.
    """

    pruned_layers: float
    whole_model: float
    layers: tuple[Layer, ...]
    unfit: tuple[str, ...] = ()


def measure_sparsity(files: ModelFiles, target: SparsityTarget) -> Sparsity:
    """Return the sparsity of a saved model; of a quantised one, of its codes, whose zero is the value zero.

    `target` says which layers count, and which zeros of theirs.
    """
    with loaded(files) as model:
        program, scope = model.program, model.scope
        chosen = _chosen(program, target)
        counts, unfit = [], []
        for parameter in _parameters(program):
            name, value = parameter.name, np.asarray(scope.find_var(parameter.name).get_tensor())
            zeros = zeros_in_blocks(value, _HEIGHTS[target.pattern] if name in chosen else 1)
            counts.append((name, value.shape, value.size, zeros, name in chosen))
            axis = chosen.get(name)
            if axis is not None and not is_two_of_four(value, axis):
                unfit.append(name)
    return Sparsity(
        pruned_layers=_share([(size, zeros) for *_, size, zeros, pruned in counts if pruned]),
        whole_model=_share([(size, zeros) for *_, size, zeros, _ in counts]),
        layers=tuple(
            Layer(name, tuple(shape), _share([(size, zeros)]), pruned)
            for name, shape, size, zeros, pruned in counts
        ),
        unfit=tuple(unfit),
    )


def _chosen(program: Any, target: SparsityTarget) -> Mapping[str, int | None]:
    """Return the pruned layers' parameters; the axis of their inputs where the pattern runs along it."""
    if target.pattern == "2:4":
        axes = input_axes(program)
        return {name: axis for name, axis in axes.items() if name in (target.names or axes)}
    skipped = _normalisation_inputs(program)
    pruned = (one for one in _parameters(program) if _is_pruned(one.shape, target))
    return {one.name: None for one in pruned if one.name not in skipped}


def _parameters(program: Any) -> list[Any]:
    """Return the weights; where they are stored as int8, the program declares them as float32 still."""
    import paddle

    others = {*_NO_PARAMETERS, *_scales(program)}
    return [
        variable
        for variable in program.list_vars()
        if variable.persistable and variable.name not in others and variable.dtype == paddle.float32
    ]


def _scales(program: Any) -> frozenset[str]:
    return frozenset(
        name for op in program.global_block().ops if op.type in _QUANTISERS for name in op.input("Scale")
    )


def _is_pruned(shape: tuple[int, ...], target: SparsityTarget) -> bool:
    if target.only_1x1:
        return len(shape) == _CONVOLUTION_RANK and tuple(shape[2:]) == (1, 1)
    return len(shape) != 1


def _normalisation_inputs(program: Any) -> frozenset[str]:
    return frozenset(
        name
        for block in program.blocks
        for op in block.ops
        if "norm" in op.type and "grad" not in op.type
        for name in op.input_arg_names
    )


def _share(counts: list[tuple[int, int]]) -> float:
    total = sum(size for size, _ in counts)
    return sum(zeros for _, zeros in counts) / total if total else 0.0

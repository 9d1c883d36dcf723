"""What a preset looks at: the model's program and the length of the training list, before the fetch.

Imports no Paddle, so that a run that is reused ends in a second: its description of a program is a module
that needs protobuf alone. A network of PaddleSeg is exported first, which takes some seconds.
"""

import importlib.util
import math
from functools import cache
from pathlib import Path
from typing import Any

from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import JobSpec
from segcompress_api.presets import FOR_FILES_WITHOUT_A_STRATEGY, Facts, preset_strategy
from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.fetch import read_listed
from segcompress_runner.inputs.sources import JobModel
from segcompress_runner.storage import Storage

_POINTWISE = [1, 1]
_WEIGHTS = ("Filter", "Y")
_UNKNOWN = 1000
"""Pictures that are assumed where the list names shards."""


def with_preset(
    spec: JobSpec, source: str | None, model: JobModel, storage: Storage
) -> tuple[JobSpec, str | None]:
    """Return `spec` with the sections that its preset stands for, and a sentence on them.

    An ACT file at `source` that names no strategy leaves the choice to ACT: it gets a preset too.
    """
    chosen, said = spec.strategy.preset, f"preset {spec.strategy.preset}"
    if chosen is None and source is not None and not spec.strategy.compresses:
        chosen = FOR_FILES_WITHOUT_A_STRATEGY
        said = f"{source} names no strategy, so that its sections have no effect: preset {chosen}"
    if chosen is None:
        return spec, None
    facts = read_facts(spec, model, storage)
    try:
        strategy = preset_strategy(chosen, facts)
    except InvalidSpecError as error:
        raise InvalidSettingError(str(error)) from None
    return spec.model_copy(update={"strategy": strategy}), f"{said} chose the settings for {facts}"


def read_facts(spec: JobSpec, model: JobModel, storage: Storage) -> Facts:
    """Return what the model's program and the training list tell; raises InvalidInputError."""
    dataset = spec.dataset
    pictures = read_listed(spec, storage).pictures(dataset.train_list)
    program = _description().ProgramDesc()
    try:
        program.ParseFromString(model.program())
    except _description().DecodeError:
        address = model.source.folder / model.source.files[0].file.name
        raise InvalidInputError(f"{address}: is not a Paddle inference program (.pdmodel)") from None
    weights = [one for block in program.blocks for one in _weights(block)]
    parameters = sum(count for _, count, _ in weights)
    pointwise = sum(count for _, count, is_pointwise in weights if is_pointwise)
    return Facts(
        parameters=parameters,
        layers=len(weights),
        pointwise=pointwise / parameters if parameters else 0.0,
        kinds=frozenset(kind for kind, _, _ in weights),
        pictures=_UNKNOWN if pictures is None else pictures,
        batch_size=dataset.batch_size,
    )


def _weights(block: Any) -> list[tuple[str, int, bool]]:
    """Return (operator, number of weights, whether it is a 1x1 convolution) for each layer with weights."""
    shapes = {
        var.name: [int(dim) for dim in var.type.lod_tensor.tensor.dims]
        for var in block.vars
        if var.persistable and len(var.type.lod_tensor.tensor.dims) > 1
    }
    return [
        (op.type, math.prod(shapes[name]), shapes[name][2:] == _POINTWISE)
        for op in block.ops
        for slot in op.inputs
        if slot.parameter in _WEIGHTS
        for name in slot.arguments
        if name in shapes
    ]


@cache
def _description() -> Any:
    """Return Paddle's generated module framework_pb2."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    package = importlib.util.find_spec("paddle")
    (folder, *_) = (package and package.submodule_search_locations) or [""]
    path = Path(folder, "base", "proto", "framework_pb2.py")
    spec = importlib.util.spec_from_file_location("framework_pb2", path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("paddlepaddle is not installed", name="paddle")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.DecodeError = DecodeError
    return module

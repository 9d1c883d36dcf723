"""What a program may hold, tried on a real one with one operator added."""

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from paddle.base import core
    from paddle.base.proto import framework_pb2

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.model import ModelFiles, inspect_model
from segcompress_runner.inputs.operators import ALLOWED
from segcompress_runner.measurement.runtimes.paddle_inference import PaddleSession

SAMPLE = Path(__file__).parents[3] / "examples/sample/model"
HARMFUL = (
    "cinn_launch",
    "delete_var",
    "fusion_group",
    "heter_listen_and_serv",
    "listen_and_serv",
    "load",
    "load_combine",
    "print",
    "py_func",
    "pylayer",
    "read",
    "read_file",
    "run_program",
    "save",
    "save_combine",
    "send_v2",
    "tensorrt_engine",
)


@pytest.fixture
def model(tmp_path: Path) -> ModelFiles:
    for name in ("model.pdmodel", "model.pdiparams"):
        shutil.copy(SAMPLE / name, tmp_path / name)
    return ModelFiles(tmp_path / "model.pdmodel", tmp_path / "model.pdiparams")


def add_operator(model: ModelFiles, kind: str, *, in_sub_block: bool) -> None:
    program = framework_pb2.ProgramDesc()
    program.ParseFromString(model.program.read_bytes())
    block: Any = program.blocks[0]
    if in_sub_block:
        holder = block.ops.add(type="conditional_block")
        holder.attrs.add(name="sub_block", type=framework_pb2.BLOCK, block_idx=1)
        block = program.blocks.add(idx=1, parent_idx=0)
    block.ops.add(type=kind)
    model.program.write_bytes(program.SerializeToString())


def test_ordinary_model_is_taken(model: ModelFiles) -> None:
    assert inspect_model(model).output_shape[1] == 2


def test_published_model_is_inspected_before_paddle_loads_it(model: ModelFiles) -> None:
    """Paddle computes operators as it loads them; what a bucket holds need not be what a run put there."""
    add_operator(model, "print", in_sub_block=False)
    with pytest.raises(InvalidInputError, match=r"model\.pdmodel: holds the operator 'print'"):
        PaddleSession(model)


def test_feed_and_fetch_without_a_variable_are_no_input_and_no_output(model: ModelFiles) -> None:
    program = framework_pb2.ProgramDesc()
    program.ParseFromString(model.program.read_bytes())
    for operator in program.blocks[0].ops:
        if operator.type == "feed":
            del operator.outputs[:]
    model.program.write_bytes(program.SerializeToString())
    with pytest.raises(InvalidInputError, match="the model has 0 inputs"):
        inspect_model(model)


@pytest.mark.parametrize("in_sub_block", [False, True], ids=["main block", "sub-block"])
@pytest.mark.parametrize("kind", HARMFUL)
def test_operator_that_does_more_than_compute_is_refused_by_name(
    model: ModelFiles, kind: str, *, in_sub_block: bool
) -> None:
    add_operator(model, kind, in_sub_block=in_sub_block)
    with pytest.raises(InvalidInputError, match=rf"model\.pdmodel: holds the operator '{kind}'"):
        inspect_model(model)


def test_operator_that_computes_is_taken_in_a_sub_block(model: ModelFiles) -> None:
    add_operator(model, "relu", in_sub_block=True)
    inspect_model(model)


def test_every_allowed_operator_exists() -> None:
    only_with_cuda = {"sync_batch_norm"}
    assert set(core.get_all_op_names()) >= ALLOWED - only_with_cuda

"""Write the compressed model: .pdmodel and combined .pdiparams, nothing else, under the model's own names.

Not `paddle.static.save_inference_model`: it appends an identity operator to the output and renames it. The
program that is saved already has its feed and fetch operators, since it began as an inference model.
"""

from pathlib import Path
from typing import Any

import paddle

from segcompress_runner.inputs.model import ModelFiles

NAME = "model"


def graph_of(program: Any) -> bytes:
    """Return the bytes of the .pdmodel that computes what `program` computes."""
    program.desc._set_version()  # noqa: SLF001  # as normalize_program does: Paddle Inference reads it
    bare = program._remove_training_info(clip_extra=False)  # noqa: SLF001  # as save_inference_model does
    serialised: bytes = bare.desc.serialize_to_string()
    return serialised


def save(graph: bytes, program: Any, into: Path, executor: Any) -> ModelFiles:
    """Save `graph` beside the values that `program`'s variables have in the current scope."""
    into.mkdir(parents=True, exist_ok=True)
    files = ModelFiles(program=into / f"{NAME}.pdmodel", params=into / f"{NAME}.pdiparams")
    files.program.write_bytes(graph)
    paddle.static.save_vars(
        executor,
        dirname=str(into),
        main_program=program,
        predicate=paddle.static.io.is_persistable,
        filename=files.params.name,
    )
    return files

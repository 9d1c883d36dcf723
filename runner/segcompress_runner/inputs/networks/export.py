"""A network of PaddleSeg as an inference model, made by a process of its own.

Whatever a configuration makes PaddleSeg do, it does not do it to the run: names of variables and the state of
random generators are the run's own, and memory and a GPU are free again afterwards.
"""

import errno
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segcompress_api.model import PaddleSegModel
from segcompress_runner.child import check_not_killed, run_module
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.inputs.networks.section import Section, wrong_config

WEIGHTS_FIELD = "spec.model.paddleseg.weightsUri"
PROGRAM, PARAMS = "model.pdmodel", "model.pdiparams"
_PROGRAM_NAME = "segcompress_runner.inputs.networks.exporter"
_ANSWER = "answer.json"
_LAST_WORDS = 300


Run = Callable[[str], subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Network:
    """A network, seen but not built: how it is exported, and its section of the configuration."""

    model: PaddleSegModel
    section: Section


def _exporter(request: str) -> subprocess.CompletedProcess[str]:
    settings = {"CUDA_VISIBLE_DEVICES": "", "PADDLESEG_EXPORT_STAGE": "True"}
    return run_module(_PROGRAM_NAME, given=request, environment=settings)


def export_network(network: Network, weights: Path, into: Path, run: Run = _exporter) -> ModelFiles:
    """Build the network, load its weights, write an inference model.

    `run` is the program that does it: a request in JSON, and an answer in the file that the request names.
    Raises InvalidSettingError naming the configuration's key, or InvalidInputError naming the parameters.
    """
    into.mkdir(parents=True, exist_ok=True)
    answer = into / _ANSWER
    answer.unlink(missing_ok=True)
    request = {
        "section": network.section.arguments,
        "weights": str(weights.resolve()),
        "inputShape": network.model.input_shape,
        "outputOp": network.model.output_op,
        "into": str(into.resolve()),
        "answer": str(answer.resolve()),
    }
    ended = run(json.dumps(request))
    check_not_killed(ended, "the export of the network")
    if not answer.exists():
        lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
        cause = (lines or [f"it ended with {ended.returncode}"])[-1].strip()[:_LAST_WORDS]
        raise wrong_config(network.model.config_uri, f"the network cannot be exported ({cause})")
    _heed(json.loads(answer.read_text()), network)
    return ModelFiles(into / PROGRAM, into / PARAMS)


def _heed(answer: Mapping[str, Any], network: Network) -> None:
    """Raise what the program found wrong."""
    wrong = answer.get("wrong")
    if wrong == "config":
        raise wrong_config(network.model.config_uri, f"{answer['problem']}{network.section.incomplete}")
    if wrong == "weights":
        raise InvalidInputError(f"{WEIGHTS_FIELD}: {answer['problem']} (in {network.model.weights_uri})")
    if wrong == "disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if wrong == "memory":
        raise MemoryError(answer["problem"])

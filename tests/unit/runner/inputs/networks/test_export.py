"""What becomes of the exporting program's end; the program itself runs in the integration tests."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from segcompress_api.model import PaddleSegModel
from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.networks.export import Network, export_network
from segcompress_runner.inputs.networks.section import Section

NETWORK = Network(
    PaddleSegModel(
        config_uri="s3://m/net.yml", weights_uri="s3://m/net.pdparams", input_shape=(1, 3, 64, 64)
    ),
    Section({"type": "BiSeNetV2", "num_classes": 2}, ("a note",), ("base.yml",)),
)
CONFIG, WEIGHTS = "spec.model.paddleseg.configUri", "spec.model.paddleseg.weightsUri"


@dataclass(frozen=True)
class Ending:
    """A program that leaves an answer, or none, says a few words and ends."""

    answer: str | None = None
    code: int = 0

    def __call__(self, request: str) -> subprocess.CompletedProcess[str]:
        if self.answer is not None:
            Path(json.loads(request)["answer"]).write_text(self.answer)
        return subprocess.CompletedProcess([], self.code, "frames\n", "Segmentation fault\n\n")


def exported(folder: Path, ending: Ending) -> Path:
    files = export_network(NETWORK, folder / "net.pdparams", folder / "out", ending)
    assert files.program.name == "model.pdmodel"
    return files.params


@pytest.mark.parametrize(
    ("ending", "error", "message"),
    [
        pytest.param(
            Ending('{"wrong": "config", "problem": "model.type: x"}'),
            InvalidSettingError,
            f"{CONFIG}: model.type: x; base.yml (_base_) is not read, so write out all of the model section "
            "(in s3://m/net.yml)",
            id="config",
        ),
        pytest.param(
            Ending('{"wrong": "weights", "problem": "has no value for y"}'),
            InvalidInputError,
            f"{WEIGHTS}: has no value for y (in s3://m/net.pdparams)",
            id="weights",
        ),
        pytest.param(
            Ending(code=-11),
            InvalidSettingError,
            f"{CONFIG}: the network cannot be exported (Segmentation fault) (in s3://m/net.yml)",
            id="crash",
        ),
        pytest.param(Ending('{"wrong": "memory", "problem": "full"}'), MemoryError, "full", id="memory"),
        pytest.param(
            Ending('{"wrong": "disk"}'), OSError, "[Errno 28] No space left on device", id="full disk"
        ),
        pytest.param(
            Ending(code=-9),
            MemoryError,
            "the export of the network was killed, probably for lack of memory",
            id="killed",
        ),
    ],
)
def test_end_of_the_export_is_told_by_the_field(
    tmp_path: Path, ending: Ending, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        exported(tmp_path, ending)
    assert str(caught.value) == message


def test_an_answer_of_before_is_not_taken_for_this_one(tmp_path: Path) -> None:
    assert exported(tmp_path, Ending("{}")) == tmp_path / "out" / "model.pdiparams"
    with pytest.raises(InvalidSettingError, match="Segmentation fault"):
        exported(tmp_path, Ending(code=1))

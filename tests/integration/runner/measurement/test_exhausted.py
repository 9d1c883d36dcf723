"""Memory that runs out while pictures are read or evaluated is not the pictures' fault."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from integration.runner.measurement import cityscapes, exhausted
from integration.runner.measurement.tiny import Shape, tiny_model
from segcompress_runner.outputs.onnx_export import export_onnx
from segcompress_runner.outputs.openvino_export import export_openvino


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exhausted")
    tiny_model(folder, Shape(classes=cityscapes.CLASSES, size=cityscapes.SIZE))
    onnx = export_onnx(cityscapes.model_files(folder), folder / "model.onnx")
    export_openvino(onnx, folder / "model.xml")
    cityscapes.write_samples(folder, 1, progressive=True)  # whose decoder needs memory of its own
    return folder


@pytest.mark.parametrize(
    ("what", "mib"),
    [
        ("decode", (0, 2, 4, 8, 12, 16)),
        ("read", (0, 4, 8, 12, 14, 16, 20, 32, 64, 100)),
        ("on_paddle", (50, 100, 150, 200)),
        ("on_onnx", (50, 100, 150, 200)),
        ("on_openvino", (50, 100, 200, 300)),
    ],
)
def test_run_ends_out_of_memory_wherever_memory_ends(folder: Path, what: str, mib: tuple[int, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "integration.runner.measurement.exhausted", str(folder), what, *map(str, mib)],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env=os.environ | exhausted.ENVIRONMENT,
    )
    ends = json.loads(ended.stdout.splitlines()[-1])
    assert ends[0].startswith("OutOfMemory: ")
    assert [end for end in ends if end and not end.startswith("OutOfMemory: ")] == []

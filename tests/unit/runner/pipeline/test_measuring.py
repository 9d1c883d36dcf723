"""The stages after the training: where a stop is heeded."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from segcompress_runner import measuring
from segcompress_runner.errors import PreemptedError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.variants import Candidate
from segcompress_runner.progress import Silent
from segcompress_runner.stopping import StopFlag, Stoppable


def test_a_stop_is_heeded_between_the_exports_of_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, made = StopFlag(), []

    def export(candidate: Candidate, name: str, *_: Any) -> Candidate:
        made.append(name)
        stop.ask()
        return candidate

    monkeypatch.setattr(measuring, "export", export)
    case: Any = SimpleNamespace(
        model=ModelFiles(tmp_path / "model.pdmodel", tmp_path / "model.pdiparams"),
        spec=SimpleNamespace(benchmark=SimpleNamespace(runtimes=()), exports=("ONNX", "MNN")),
        means=SimpleNamespace(progress=Stoppable(Silent(), stop)),
        val=(),
    )
    with pytest.raises(PreemptedError):
        measuring.export_baseline(case, tmp_path)
    assert made == ["ONNX"]

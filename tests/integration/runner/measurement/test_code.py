"""The lines of code that a report gives run the published files as they were measured."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcompress_runner.inputs.dataset import Pictures
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.row import Candidate, Way
from segcompress_runner.measurement.runtimes.table import RUNTIMES
from segcompress_runner.outputs.artefacts import published
from segcompress_runner.outputs.file_names import PARAMS, PROGRAM

ON_CPU = {
    f"{row.name}-{way.name}": way for row in RUNTIMES.values() for way in row.ways if way.device == "CPU"
}


@pytest.mark.parametrize("way", ON_CPU.values(), ids=ON_CPU.keys())
def test_code_gives_the_bits_that_were_measured(
    way: Way,
    candidates: tuple[Candidate, Candidate],
    pictures: Pictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    candidate = candidates["quantised" in way.runs]
    files = {PROGRAM: candidate.files.program, PARAMS: candidate.files.params}
    for name in candidate.exports:
        files |= published(candidate, name)
    for file, path in files.items():
        (tmp_path / file).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    picture = np.ascontiguousarray(pictures[0][0][np.newaxis])
    names: dict[str, Any] = {"picture": picture, "threads": 1}
    exec(way.code(candidate.files), names)  # noqa: S102 - ours, and what is tested
    assert np.array_equal(names["output"], way.open(candidate, 1).run(picture))
    assert sorted(tmp_path.iterdir()) == before


def test_code_names_what_the_int8_pass_may_take_where_it_may_not_take_all(
    pooled: ModelFiles, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file, path in ((PROGRAM, pooled.program), (PARAMS, pooled.params)):
        (tmp_path / file).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    picture = np.ascontiguousarray(pictures[0][0][np.newaxis])
    names: dict[str, Any] = {"picture": picture, "threads": 1}
    way, candidate = ON_CPU["PaddleInference-int8"], Candidate(pooled, quantised=True)
    exec(way.code(pooled), names)  # noqa: S102 - ours, and what is tested
    assert np.array_equal(names["output"], way.open(candidate, 1).run(picture))

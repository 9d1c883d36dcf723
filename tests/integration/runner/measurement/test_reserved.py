"""What a pod allows no library: to call out, to start programs, or to write where it was not told to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segcompress_api.benchmark import RuntimeName
from segcompress_runner.measurement.runtimes.row import Candidate
from segcompress_runner.measurement.runtimes.table import RUNTIMES

PROGRAM = """
import sys
from pathlib import Path

seen = []
CALLS = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.mkdir", "urllib.")


def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if event.startswith(CALLS) or writes:
        seen.append((event, str(arguments)))


sys.addaudithook(watch)
import numpy as np
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.measurement.runtimes.row import Candidate
from segcompress_runner.measurement.runtimes.table import RUNTIMES

name, *paths = sys.argv[1:]
row = RUNTIMES[name]
candidate = Candidate(ModelFiles(*map(Path, paths[:2])), False, {row.artefact: Path(paths[2])})
for way in row.ways:
    if "float" in way.runs:
        way.open(candidate, 2).run(np.zeros((1, 3, 32, 32), np.float32))
assert not seen, seen
"""


@pytest.mark.parametrize("runtime", ["ONNXRuntime", "OpenVINO", "MNN"])
def test_a_runtime_only_computes(plain: Candidate, runtime: RuntimeName, tmp_path: Path) -> None:
    loads = RUNTIMES[runtime].artefact
    assert loads is not None
    artefact = plain.exports[loads]
    variables = {name: value for name, value in os.environ.items() if name not in {"HOME", "XDG_CACHE_HOME"}}
    subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            PROGRAM,
            runtime,
            *map(str, (plain.files.program, plain.files.params, artefact)),
        ],
        cwd=tmp_path,
        env=variables | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    assert list(tmp_path.iterdir()) == []


def test_the_package_that_reports_to_openvinos_makers_is_not_installed() -> None:
    with pytest.raises(ModuleNotFoundError):
        __import__("openvino_telemetry")

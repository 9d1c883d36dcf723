"""The benches write jobs that the command accepts."""

import json
from pathlib import Path

import pytest
import yaml
from bench.sparse import __main__ as sparse
from bench.strategies import __main__ as strategies

from segcompress_runner.job_file import read_job

SPARSE = yaml.safe_load(sparse.CASES.read_text())["cases"]
STRATEGIES = yaml.safe_load(strategies.CASES.read_text())["cases"]


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_cases_are_jobs(name: str, tmp_path: Path) -> None:
    model = {"inference": {"uri": "file:///model/"}}
    file = tmp_path / "job.yaml"
    file.write_text(json.dumps(sparse.job_of(SPARSE[name], model, tmp_path)))
    assert read_job(file).spec.strategy


@pytest.mark.parametrize("name", STRATEGIES)
def test_strategies_are_jobs(name: str, tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(json.dumps(strategies.job_of(STRATEGIES[name])))
    assert read_job(file).spec.strategy

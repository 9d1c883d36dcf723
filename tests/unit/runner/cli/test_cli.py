from pathlib import Path

import pytest

from segcompress_runner import cli
from segcompress_runner.outputs.output_folder import held

from .test_job_file import JOB


@pytest.fixture
def job(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(JOB)
    return path


def test_valid_job_is_valid(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", str(job)]) == 0
    assert capsys.readouterr().out == f"{job}: valid\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("{type: Normalize}]", "{type: Normalise}]", "did you mean Normalize?", id="transform"),
        pytest.param(
            "0.01",
            "-1",
            "spec.strategy.TrainConfig.learning_rate: must be a positive number, got -1",
            id="strategy",
        ),
        pytest.param("file://./model/", "file://model/", "spec.model.inference.uri", id="address"),
        pytest.param("numClasses", "numClases", "did you mean numClasses?", id="key"),
    ],
)
def test_wrong_job_ends_with_3_and_one_line(
    job: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    job.write_text(JOB.replace(old, new))
    assert cli.main(["validate", str(job)]) == 3
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert message in printed


def test_missing_input_ends_with_3_and_its_address(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(job), "--output", str(job.parent / "out"), "--device", "cpu"]) == 3
    assert capsys.readouterr().err.endswith(f"error: file://{job.parents[1]}/data/train.txt does not exist\n")
    assert not (job.parent / "out").exists()


def test_notes_tell_what_has_no_effect(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job.write_text(JOB.replace("  strategy:\n", "  strategy:\n    Global: {model_dir: x}\n"))
    assert cli.main(["validate", str(job)]) == 0
    assert "note: spec.strategy.Global has no effect" in capsys.readouterr().out


def test_folder_that_another_run_writes_to_is_refused(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = job.parent / "out"
    with held(folder):
        assert cli.main(["run", str(job), "--output", str(folder), "--device", "cpu"]) == 3
    assert f"error: --output: another run is writing to {folder}; wait" in capsys.readouterr().err

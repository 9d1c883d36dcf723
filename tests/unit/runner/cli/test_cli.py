import json
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
    assert cli.main(["validate", str(job), "--spec-only"]) == 0
    assert capsys.readouterr().out == f"{job}: valid\n"


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        pytest.param(
            "{type: Normalize}]",
            "{type: Normalise}]",
            ["spec.dataset.trainTransforms[0].type: Norm", "spec.dataset.valTransforms[0].type: Normalise"],
            id="transforms",
        ),
        pytest.param(
            "0.01",
            "-1",
            ["spec.strategy.TrainConfig.learning_rate: must be a positive number, got -1"],
            id="strategy",
        ),
        pytest.param("file://./model/", "file://model/", ["spec.model.inference.uri"], id="address"),
        pytest.param(
            "numClasses: 2",
            "numClases: 2\n    batchSize: 0",
            ["spec.dataset.numClases: is not a field of this version; did", "spec.dataset.batchSize: "],
            id="keys",
        ),
        pytest.param(
            "{name: example}",
            "{name: Bad_Name}\nstatsu: {}",
            [
                "statsu: is not a field of this version; did you mean status?",
                "metadata.name: must consist of",
            ],
            id="metadata",
        ),
        pytest.param(
            "  output:",
            "  runtime: {resources: {requests: {memory: 8Gi}, limits: {memory: 4Gi}}}\n  output:",
            ["spec.runtime.resources.requests[memory]: must be at most the limit of 4Gi, got 8Gi; lower"],
            id="pod",
        ),
        pytest.param("numClasses: 2", "numClasses: [2", ["job.yaml: line 1"], id="syntax"),
    ],
)
def test_wrong_job_ends_with_3_and_every_fault(
    job: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, messages: list[str]
) -> None:
    job.write_text(JOB.replace(old, new))
    assert cli.main(["validate", str(job), "--spec-only"]) == 3
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert len(lines) == len(messages)
    assert all(
        message in line and line.startswith("error: ") for message, line in zip(messages, lines, strict=True)
    )
    assert printed.out.startswith(f"{job}: invalid (")


def test_inputs_that_are_missing_are_told_together(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", str(job), "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert report["valid"] is False
    here = f"file://{job.parents[1]}"
    model = f"file://{job.parent}/model/model.pdmodel (spec.model.inference.modelFile)"
    assert [tuple(one[key] for key in ("reason", "where", "message")) for one in report["findings"]] == [
        ("InputNotFound", "spec.dataset.trainList", f"{here}/data/train.txt does not exist"),
        ("InputNotFound", model, "does not exist"),
    ]


def test_missing_input_ends_with_3_and_its_address(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(job), "--output", str(job.parent / "out"), "--device", "cpu"]) == 3
    missing = f"spec.dataset.trainList: file://{job.parents[1]}/data/train.txt does not exist"
    assert capsys.readouterr().err.endswith(f"error: {missing}\n")
    assert not (job.parent / "out").exists()


def test_notes_tell_what_has_no_effect(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job.write_text(JOB.replace("  strategy:\n", "  strategy:\n    Global: {model_dir: x}\n"))
    assert cli.main(["validate", str(job), "--spec-only"]) == 0
    assert "note: spec.strategy.Global has no effect" in capsys.readouterr().out


def test_zeros_that_no_runtime_skips_are_told(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job.write_text(JOB.replace("[MNN]", "[OpenVINO]"))
    assert cli.main(["validate", str(job), "--spec-only"]) == 0
    assert capsys.readouterr().out == (
        "warning: spec.benchmark.runtimes: no sparse kernels on OpenVINO: zeros make the model no faster "
        f"there; add MNN\n{job}: valid (1 warning)\n"
    )


def test_spec_only_reads_no_input_for_a_preset(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sections = "UnstructurePrune: {ratio: 0.75}\n    TrainConfig: {train_iter: 10, learning_rate: 0.01}"
    assert sections in JOB
    job.write_text(JOB.replace(sections, "preset: SparseDistillation"))
    assert cli.main(["validate", str(job), "--spec-only"]) == 0
    assert capsys.readouterr().out == f"{job}: valid\n"


def test_folder_that_another_run_writes_to_is_refused(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = job.parent / "out"
    with held(folder):
        assert cli.main(["run", str(job), "--output", str(folder), "--device", "cpu"]) == 3
    assert f"error: --output: another run is writing to {folder}; wait" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--output", "--work"])
@pytest.mark.parametrize("below", ["", "new/folder"])
def test_file_is_refused_as_folder_of_a_run_before_anything_else(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, below: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", str(job), option, str(file / below)])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert f"argument {option}: '{file / below}'" in told
    assert told.endswith("is a file; it must be a folder\n")


def test_scratch_folder_that_cannot_be_made_is_told_in_one_line(
    job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", str(job), "--work", "/proc/segcompress"]) == 3
    assert capsys.readouterr().err == (
        "error: --work: /proc/segcompress cannot be made (No such file or directory)\n"
    )

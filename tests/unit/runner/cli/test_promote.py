"""`segcompress promote` on results that lie on this machine."""

import hashlib
from pathlib import Path

import pytest

from segcompress_runner import cli
from segcompress_runner.outputs.publish import Verdict
from unit.runner.publish.publishing import MISSED, SUCCEEDED, flat, measure, train


def result(folder: Path, verdict: Verdict = SUCCEEDED) -> Path:
    where = flat(folder, "local-1")
    measure(folder, where, train(folder, where), verdict)
    return folder / "out"


def test_promoted_model_is_read_as_a_result_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, to = result(tmp_path), tmp_path / "chosen"
    digest = hashlib.sha256((made / "manifest.json").read_bytes()).hexdigest()
    assert cli.main(["promote", str(made), str(to), "--sha256", digest]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"promoted: file://{made}/manifest.json\nmanifest: file://{to}/manifest.json\n")
    assert hashlib.sha256((to / "manifest.json").read_bytes()).hexdigest() in printed
    assert cli.main(["promote", str(made), f"file://{to}"]) == 0
    assert capsys.readouterr().out.startswith("already promoted: ")
    assert cli.main(["report", str(to)]) == 0
    assert f"report:   {to}/versions/{digest[:16]}/report.html" in capsys.readouterr().out


def test_other_digest_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["promote", str(result(tmp_path)), str(tmp_path / "chosen"), "--sha256", "0" * 64]
    assert cli.main(arguments) == 3
    assert f"but --sha256 is {'0' * 64}; look up" in capsys.readouterr().err
    assert not (tmp_path / "chosen").exists()


def test_model_that_missed_a_gate_is_promoted_only_if_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["promote", str(result(tmp_path, MISSED)), str(tmp_path / "chosen")]
    assert cli.main(arguments) == 3
    assert "missed a gate (SparsityNotReached: sparsity 0.15, asked for: 0.90); choose" in (
        capsys.readouterr().err
    )
    assert cli.main([*arguments, "--even-rejected"]) == 0


@pytest.mark.parametrize("folder", ["s3://models/humanseg", "file:///models"])
def test_manifest_is_no_folder_to_promote_to(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["promote", "anything", f"{folder}/manifest.json"]) == 3
    assert capsys.readouterr().err == (
        f"error: TO: must be a folder, got {folder}/manifest.json; write {folder}/\n"
    )

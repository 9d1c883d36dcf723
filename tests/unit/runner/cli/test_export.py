"""`segcompress export` where its other interpreter is missing."""

import sys
from pathlib import Path

import pytest

from segcompress_runner import cli
from segcompress_runner.paddle_lite.interpreter import PROGRAM

EXPORT = ("export", "--format", "paddle-lite", "out", "-o", "model.nb")


def test_a_missing_uv_is_told_with_what_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(EXPORT) == 3
    assert "error: --format paddle-lite: uv is missing, which runs Paddle-Lite in a Python 3.10" in (
        capsys.readouterr().err
    )


def test_a_python_that_is_not_there_is_told_in_uvs_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*EXPORT, "--python", str(tmp_path / "python3.10")]) == 3
    told = capsys.readouterr().err
    assert "Paddle-Lite's environment could not be made (" in told
    assert str(tmp_path / "python3.10") in told
    assert "it needs Python 3.10, which --python can name" in told


def test_folder_is_refused_as_output_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*EXPORT[:-1], str(tmp_path)])
    assert ended.value.code == 2
    assert f"argument -o/--output: '{tmp_path}' is a folder; it must be a file" in capsys.readouterr().err


@pytest.mark.parametrize("below", ["x.nb", "new/x.nb"])
def test_file_is_refused_as_folder_of_the_output_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], below: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SystemExit) as ended:
        cli.main([*EXPORT[:-1], str(file / below)])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert f"argument -o/--output: '{file / below}': '{file}' is a file; it must be a folder" in told


def test_lock_holds_what_the_program_asks_for() -> None:
    lock = PROGRAM.with_name("program.py.lock").read_text()
    for requirement in ("numpy==1.26.4", "paddlelite==2.13rc0"):
        name, version = requirement.split("==")
        assert f'"{requirement}"' in PROGRAM.read_text()
        assert f'name = "{name}"\nversion = "{version}"\n' in lock

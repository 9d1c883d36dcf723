"""Output that nobody reads, or that a terminal has no letters for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sweeps
from sweeps import NAME
from unit.runner.cli.test_promote import result

ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def ended(
    folder: Path, *arguments: str, variables: dict[str, str], stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "segcompress", *arguments],
        check=False,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **variables},
    )


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["flushed at the end", "at once"])
def test_report_is_written_though_nobody_reads_the_verdict(tmp_path: Path, unbuffered: str) -> None:
    (tmp_path / "objects.json").write_text(sweeps.text())
    reading, writing = os.pipe()
    os.close(reading)
    command = ("sweep-report", NAME, "--from", "objects.json", "-o", "report.html")
    done = ended(tmp_path, *command, stdout=writing, variables={"PYTHONUNBUFFERED": unbuffered})
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "report.html").exists()


def test_terminal_without_a_letter_shows_its_code(tmp_path: Path) -> None:
    done = ended(tmp_path, "promote", str(result(tmp_path)), "größe", variables=ASCII)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gr\\udcc3\\udcb6\\udcc3\\udc9fe/manifest.json" in done.stdout


def test_page_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    (tmp_path / "objects.json").write_text(
        sweeps.text().replace("the pod ended", "die Größe"), encoding="utf-8"
    )
    command = ("sweep-report", NAME, "--from", "objects.json", "-o", "report.html")
    assert ended(tmp_path, *command, variables=ASCII).returncode == 0
    assert "die Größe" in (tmp_path / "report.html").read_text(encoding="utf-8")

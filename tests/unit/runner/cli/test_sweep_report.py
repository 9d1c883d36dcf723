"""`segcompress sweep-report` from files, and from a kubectl that answers as the real one does."""

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import sweeps
from segcompress_runner import cli, sweep_report_command
from segcompress_runner.errors import InputNotFoundError, InvalidSettingError, StorageUnreachableError
from segcompress_runner.storage import Address
from segcompress_runner.storage.local import LocalStorage
from sweeps import NAME, NAMESPACE, Sweep


@pytest.fixture
def printed(tmp_path: Path) -> Path:
    path = tmp_path / "objects.json"
    path.write_text(sweeps.text())
    return path


def test_page_is_written_and_the_verdict_printed(
    printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "new" / "report.html"
    assert cli.main(["sweep-report", NAME, "--from", str(printed), "-o", str(to)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Ship trial 6: Trial 6 has mIoU 0.9258 and latency 18.50 ms, with ratio 0.5")
    assert out.endswith(f"report:   {to}\n")
    assert "<h1>vision/humanseg</h1>" in to.read_text()
    assert "Trial 6</a>" not in to.read_text()  # no report was fetched that a link could lead to


def test_objects_are_read_from_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(sweeps.text(Sweep(trials=3))))
    assert cli.main(["sweep-report", NAME, "--from", "-", "-o", str(tmp_path / "report.html")]) == 0


@pytest.mark.parametrize("source", ["FILE", "-"])
def test_picture_is_no_sweep(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG\r\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(picture.read_bytes()), encoding="utf-8"))
    told = source.replace("FILE", str(picture))
    assert cli.main(["sweep-report", NAME, "--from", told, "-o", str(tmp_path / "report.html")]) == 3
    assert capsys.readouterr().err == (
        f"error: --from: {told} must be JSON, but is not UTF-8 text; "
        "give it what `kubectl get scs,scj -o json` prints\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--from", "FILE"], id="no target"),
        pytest.param(["--upload", "--reports"], id="reports beside nothing"),
    ],
)
def test_report_without_a_file_is_a_wrong_command_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["sweep-report", NAME, *arguments])
    assert ended.value.code == 2
    assert "argument -o: is required unless only --upload is given" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--from", "absent", "-o", "r.html"], "--from: absent cannot be read", id="no file"),
        pytest.param(["-o", "r.html"], "kubectl: is not on PATH; run it elsewhere", id="no kubectl"),
    ],
)
def test_what_cannot_be_done_ends_with_3(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["sweep-report", NAME, *arguments]) == 3
    assert message in capsys.readouterr().err


def test_file_that_cannot_be_written_is_named(
    printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "report.html"
    to.symlink_to(tmp_path / "none" / "report.html")
    assert cli.main(["sweep-report", NAME, "--from", str(printed), "-o", str(to)]) == 3
    assert capsys.readouterr().err == f"error: -o: {to} cannot be written (No such file or directory)\n"


def test_folder_is_refused_as_output(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        cli.main(["sweep-report", NAME, "-o", str(tmp_path)])


def test_other_name_is_told_from_those_that_are_there(
    printed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = str(tmp_path / "report.html")
    assert cli.main(["sweep-report", "other", "-n", NAMESPACE, "--from", str(printed), "-o", to]) == 3
    assert "holds no SegCompressionSweep other; it holds: humanseg" in capsys.readouterr().err


class Bucket(LocalStorage):
    """An object store that refuses each read alike, a moment later, and counts them."""

    def __init__(self, answer: Exception) -> None:
        self.asked = 0
        self._answer = answer

    def read(self, address: Address, limit: int) -> bytes:
        del address, limit
        self.asked += 1
        time.sleep(0.02)
        raise self._answer


Asking = Callable[[Exception, int], tuple[int, Bucket]]


@pytest.fixture
def asking(printed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """Return a function that fetches the reports of so many trials from a store that answers so."""

    def asked(answer: Exception, trials: int) -> tuple[int, Bucket]:
        bucket = Bucket(answer)
        printed.write_text(sweeps.text(Sweep(trials=trials)))
        monkeypatch.setattr(sweep_report_command, "local_stores", lambda _: bucket)
        to = str(tmp_path / "report.html")
        return cli.main(["sweep-report", NAME, "--from", str(printed), "-o", to, "--reports"]), bucket

    return asked


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        pytest.param(InputNotFoundError("gone"), 0, [f"note: trial {at}: gone" for at in (0, 1)], id="gone"),
        pytest.param(StorageUnreachableError("away"), 6, ["error: away"], id="out of reach"),
        pytest.param(InvalidSettingError("no endpoint"), 3, ["error: no endpoint"], id="no credentials"),
    ],
)
def test_store_that_cannot_be_asked_ends_it_and_a_report_that_is_gone_does_not(
    answer: Exception, code: int, told: list[str], asking: Asking, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asking(answer, 2)[0] == code
    assert capsys.readouterr().err.splitlines() == told


def test_no_more_reports_are_asked_for_once_it_ends(asking: Asking) -> None:
    assert asking(StorageUnreachableError("away"), 500)[1].asked < 400

"""`segcompress report` on a result that lies on this machine."""

from pathlib import Path

import pytest

from segcompress_runner import cli
from unit.runner.publish.publishing import KEYS, MISSED, flat, measure, train


@pytest.fixture
def result(tmp_path: Path) -> Path:
    where = flat(tmp_path, "local-1")
    measure(tmp_path, where, train(tmp_path, where), MISSED)
    return tmp_path / "out"


def test_report_shows_what_the_run_ended_with_and_where_the_page_lies(
    result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(result)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("SparsityNotReached: sparsity 0.15, asked for: 0.90\n")
    for words in ("0.9235", f"manifest: file://{result}/manifest.json", f"report:   {result}/report.html"):
        assert words in printed


def test_report_is_copied_to_where_output_says(result: Path, tmp_path: Path) -> None:
    to = tmp_path / "new" / "page.html"
    assert cli.main(["report", f"file://{result}", "-o", str(to)]) == 0
    assert to.read_text() == "local-1"


def test_report_of_a_local_run_stays_where_output_names_it(
    result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(result), "-o", str(result / "report.html")]) == 0
    assert f"report:   {result}/report.html" in capsys.readouterr().out
    assert (result / "report.html").read_text() == "local-1"


def test_folder_is_refused_as_output(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["report", str(result), "-o", str(tmp_path)])
    assert ended.value.code == 2
    assert f"argument -o/--output: '{tmp_path}' is a folder; it must be a file" in capsys.readouterr().err


def test_result_that_is_missing_ends_with_3_and_what_to_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(tmp_path / KEYS.model)]) == 3
    assert (
        "/manifest.json does not exist; name the manifest.json of a finished run" in capsys.readouterr().err
    )

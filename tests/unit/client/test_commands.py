"""The command line of the cluster commands, without a cluster."""

import argparse
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segcompress.client import Client, InvalidJobError, SegCompressionJob
from segcompress.commands import add_commands, duration
from segcompress.commands.border import run
from segcompress.commands.columns import aligned, print_columns
from segcompress.commands.list_jobs import age
from segcompress.commands.wait import follow
from segcompress_runner import cli
from unit.client.jobs import job_in

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400)]
)
def test_time_is_read_with_its_unit(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5", "5w", "h", "inf", "1e3"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be a time such as 90s"):
        duration(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d")],
)
def test_age_has_one_unit(seconds: int, words: str) -> None:
    created = (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    assert age(created, NOW) == words


def test_columns_start_where_those_above_do() -> None:
    assert aligned([("A", "B", "C"), ("long", "b", "")]) == ["A      B   C", "long   b"]


class Ended:
    """Resources whose one job has ended, with a message that a terminal would obey."""

    namespace = "default"

    def wait(self, *_: object) -> SegCompressionJob:
        job = job_in("input-not-found")
        hostile = [each.model_copy(update={"message": "no\x1b[2J\nfile"}) for each in job.status.conditions]
        status = job.status.model_copy(update={"conditions": tuple(hostile)})
        return job.model_copy(update={"status": status})


def test_end_is_one_line_whatever_a_pod_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    assert follow(Ended(), "demo", None) == 1  # type: ignore[arg-type]
    assert capsys.readouterr().err == "error: demo: InputNotFound: no [2J file\n"


def test_errors_and_tables_hold_no_control_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise InvalidJobError(["a: \x1b[2J", "b: c"])

    monkeypatch.setattr(Client, "from_environment", refuse)
    options = argparse.Namespace(command="list", context=None, namespace=None)
    assert run(options) == 1
    print_columns(("A",), [("\x1b[2J",)])
    assert capsys.readouterr() == ("A\n [2J\n", "error: a:  [2J\nerror: b: c\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("list",), "there is no kubeconfig at", id="no kubeconfig"),
        pytest.param(("submit", "none.yaml"), "none.yaml: cannot be read (No such file", id="no file"),
        pytest.param(("submit", "."), ".: cannot be read (Is a directory)", id="a folder"),
    ],
)
def test_wrong_use_ends_with_one_line(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "segcompress", *arguments],
        env={"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {message}")
    assert len(done.stderr.splitlines()) == 1


def test_timeout_of_nothing_to_wait_for_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["submit", "job.yaml", "--timeout", "5m"], add_more=add_commands)
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("error: argument --timeout: has no effect without --wait\n")

"""The command line of the commands for a cluster, as far as it needs none."""

import argparse
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segcompress.commands import duration
from segcompress.commands.columns import aligned
from segcompress.commands.list_jobs import age

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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("list",), "there is no kubeconfig at", id="no kubeconfig"),
        pytest.param(("submit", "none.yaml"), "there is no kubeconfig at", id="submit"),
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

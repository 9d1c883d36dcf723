"""Progress is read from what the builders print; a failure shows the end of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from images.errors import ImagesError
from images.execution import execute, step_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "[7/8] STEP 6/10: RUN --mount=type=secret,id=ca-bundle --mount=type=cache install-venv a b\n",
            "stage 7/8, step 6/10: RUN install-venv a b",
            id="buildah",
        ),
        pytest.param("#12 [runner 5/8] RUN apt-get update", "runner 5/8: RUN apt-get update", id="BuildKit"),
        pytest.param("Downloading paddlepaddle (120.0MiB)", "Downloading paddlepaddle (120.0MiB)", id="uv"),
        pytest.param(
            "#9 12.34 Downloading numpy (17.4MiB)", "Downloading numpy (17.4MiB)", id="uv in BuildKit"
        ),
        pytest.param("I: Retrieving libc6 2.36-9", "Retrieving libc6 2.36-9", id="debootstrap"),
        pytest.param("#12 DONE 3.2s", None, id="end of a step"),
        pytest.param("--> 0ff6a1237e0", None, id="identifier"),
    ],
)
def test_step_of_a_line(line: str, expected: str | None) -> None:
    assert step_of(line) == expected


def test_a_long_step_is_cut() -> None:
    step = step_of("[1/2] STEP 1/2: RUN " + "x" * 500)
    assert step is not None
    assert len(step) < 80
    assert step.endswith("…")


def test_a_failure_names_its_log_and_shows_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "logs/step.log"
    program = "import sys; print('all is well'); print('no such package', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ImagesError, match=r"image x failed \(exit code 3\)") as caught:
        execute("image x", (sys.executable, "-c", program), log)
    assert "no such package" in str(caught.value)
    assert str(log) in str(caught.value)


def test_output_is_kept_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    execute("image x", (sys.executable, "-c", "print('all is well')"), log)
    assert log.read_text() == "all is well\n"

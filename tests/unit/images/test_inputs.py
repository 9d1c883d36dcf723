"""The digest changes with everything that goes into an image, and with nothing else."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from images.inputs import input_files, input_paths, inputs_digest
from images.settings import PROJECT, Image

if TYPE_CHECKING:
    from pathlib import Path

OPERATOR = Image("operator")
RUNNER = Image("runner")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in {*input_paths(OPERATOR), *input_paths(RUNNER)}:
        source = PROJECT / path
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path


def digests(project: Path) -> tuple[str, str]:
    return inputs_digest(project, OPERATOR, "base"), inputs_digest(project, RUNNER, "base")


def test_the_same_inputs_give_the_same_digest_wherever_they_lie(project: Path) -> None:
    assert digests(project) == digests(PROJECT)


@pytest.mark.parametrize(
    ("path", "operator_changes", "runner_changes"),
    [
        pytest.param("uv.lock", True, True, id="lock file"),
        pytest.param("Dockerfile", True, True, id="Dockerfile"),
        pytest.param("crds/segcompress_api/new.py", True, True, id="contract"),
        pytest.param("operator/segcompress_operator/new.py", True, False, id="operator"),
        pytest.param("runner/segcompress_runner/new.py", False, True, id="runner"),
        pytest.param("runner/segcompress_runner/__pycache__/new.pyc", False, False, id="byte code"),
        pytest.param("README.md", False, False, id="front page"),
    ],
)
def test_a_change_reaches_the_images_it_goes_into(
    project: Path, path: str, *, operator_changes: bool, runner_changes: bool
) -> None:
    before = digests(project)
    changed = project / path
    changed.parent.mkdir(parents=True, exist_ok=True)
    with changed.open("a") as file:
        file.write("# changed\n")
    after = digests(project)
    assert (before[0] != after[0], before[1] != after[1]) == (operator_changes, runner_changes)


def test_a_file_that_moves_is_a_change(project: Path) -> None:
    before = digests(project)
    package = project / "crds/segcompress_api"
    (package / "__init__.py").rename(package / "other.py")
    assert digests(project) != before


def test_base_and_paddle_are_inputs_too(project: Path) -> None:
    variants = {
        inputs_digest(project, RUNNER, "base"),
        inputs_digest(project, RUNNER, "another base"),
        inputs_digest(project, Image("runner", gpu=True), "base"),
    }
    assert len(variants) == 3


def test_every_file_the_build_context_lets_through_is_an_input() -> None:
    allowed = {
        line.removeprefix("!")
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    inputs = {*input_paths(OPERATOR), *input_paths(RUNNER)}
    assert allowed == inputs - {"Dockerfile", ".dockerignore"}


def test_inputs_are_files_that_the_repository_holds() -> None:
    for image in (OPERATOR, RUNNER):
        files = {file.relative_to(PROJECT).as_posix() for file in input_files(PROJECT, input_paths(image))}
        for path in input_paths(image):
            assert any(file == path or file.startswith(f"{path}/") for file in files), path


def test_the_script_of_the_build_is_valid_shell() -> None:
    script = PROJECT / "hack/images/install-venv.sh"
    assert subprocess.run(("sh", "-n", str(script)), check=False).returncode == 0

import shutil
from pathlib import Path

import grimp
import pytest

import segcompress_api
import segcompress_runner
from segcompress_runner.provenance import (
    RUNNER_VERSION,
    WEIGHTS_CODE,
    installed,
    source_digests,
    versions,
    weights_code,
)

PACKAGES = (Path(segcompress_api.__file__).parent, Path(segcompress_runner.__file__).parent)

WITHOUT_INFLUENCE = {
    "segcompress_api.base": "how a spec is written; its values are in the key",
    "segcompress_api.acceptance": "how a spec is written; its values are in the key",
    "segcompress_api.benchmark": "how a spec is written; its values are in the key",
    "segcompress_api.conditions": "words",
    "segcompress_api.contract": "words",
    "segcompress_api.dataset": "how a spec is written; its values are in the key",
    "segcompress_api.errors": "words",
    "segcompress_api.job": "how a spec is written; its values are in the key",
    "segcompress_api.model": "how a spec is written; its values are in the key",
    "segcompress_api.progress": "reporting",
    "segcompress_api.status": "words",
    "segcompress_runner.errors": "words",
    "segcompress_runner.findings": "words",
    "segcompress_runner.pieces": "how packages are imported",
    "segcompress_runner.plain": "the key itself",
    "segcompress_runner.processor": "the key itself",
    "segcompress_runner.progress": "reporting",
    "segcompress_runner.provenance": "the key itself",
    "segcompress_runner.run_key": "the key itself",
    "segcompress_runner.storage": "brings bytes, whose digests are in the key",
    "segcompress_runner.stopping": "ends a run, changes none",
}
"""Modules that the training imports, and why a change in them is no change of the weights."""


def harmless(module: str) -> bool:
    """Return whether a module, or the package that it is in, is known to have no influence."""
    known = any(module == name or module.startswith(f"{name}.") for name in WITHOUT_INFLUENCE)
    return known or module in {"segcompress_api", "segcompress_runner"}


@pytest.fixture
def copies(tmp_path: Path) -> tuple[Path, ...]:
    """Copy our packages to another folder, byte code and all."""
    made = tuple(Path(shutil.copytree(package, tmp_path / package.name)) for package in PACKAGES)
    (made[1] / "compression" / "__pycache__").mkdir(exist_ok=True)
    (made[1] / "compression" / "__pycache__" / "order.cpython-311.pyc").write_bytes(b"stale")
    return made


def test_digest_is_the_same_wherever_the_packages_lie(copies: tuple[Path, ...]) -> None:
    assert source_digests(copies) == source_digests(PACKAGES)
    assert weights_code(source_digests(copies)) == installed().weights.code


@pytest.mark.parametrize(
    ("path", "trains_again"),
    [
        pytest.param("segcompress_runner/compression/order.py", True, id="training"),
        pytest.param("segcompress_runner/inputs/dataset.py", True, id="pictures"),
        pytest.param("segcompress_runner/measurement/confusion.py", True, id="what picks the best"),
        pytest.param("segcompress_api/act_settings.py", True, id="meaning of a strategy"),
        pytest.param("segcompress_runner/outputs/onnx_export.py", True, id="what the teacher is exported by"),
        pytest.param("segcompress_runner/measurement/runtimes/onnx_runtime.py", True, id="what teaches"),
        pytest.param("segcompress_runner/measurement/benchmark.py", False, id="latency"),
        pytest.param("segcompress_runner/outputs/table.py", False, id="report"),
        pytest.param("segcompress_runner/outputs/html/templates/report.css", False, id="the report's looks"),
    ],
)
def test_changed_line_changes_its_digests(
    copies: tuple[Path, ...], tmp_path: Path, path: str, *, trains_again: bool
) -> None:
    before = source_digests(copies)
    with (tmp_path / path).open("a") as file:
        file.write("# another line\n")
    after = source_digests(copies)
    assert [name for name in after if after[name] != before[name]] == [path]
    assert (weights_code(after) != weights_code(before)) == trains_again


def test_new_file_of_the_training_changes_the_digest(copies: tuple[Path, ...]) -> None:
    before = weights_code(source_digests(copies))
    (copies[1] / "compression" / "new.py").touch()
    assert weights_code(source_digests(copies)) != before


def test_all_that_a_training_imports_is_in_its_digest_or_known_to_have_no_influence() -> None:
    graph = grimp.build_graph("segcompress_api", "segcompress_runner", cache_dir=None)
    imported = graph.find_upstream_modules("segcompress_runner.compression.training")
    digested = tuple(name.removesuffix(".py").rstrip("/").replace("/", ".") for name in WEIGHTS_CODE)
    left = {module for module in imported if not module.startswith(digested) and not harmless(module)}
    assert left == set()


def test_every_name_of_the_list_is_a_file_or_folder() -> None:
    sources = source_digests(PACKAGES)
    assert [name for name in WEIGHTS_CODE if not any(source.startswith(name) for source in sources)] == []


def test_versions_are_told_of_what_is_installed() -> None:
    assert set(versions(["numpy", "no-such-package"])) == {"numpy"}


def test_version_is_the_projects() -> None:
    project = Path(__file__).parents[4] / "pyproject.toml"
    assert f'version = "{RUNNER_VERSION}"' in project.read_text()

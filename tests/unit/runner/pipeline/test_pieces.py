import importlib
import sys
from pathlib import Path

import pytest

from segcompress_runner.pieces import without_init


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a package of two modules, whose `__init__` imports both; return its name."""
    name = "large_package"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("from large_package import heavy, light\n")
    (folder / "heavy.py").write_text("")
    (folder / "light.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for imported in (name, f"{name}.heavy", f"{name}.light"):
        monkeypatch.delitem(sys.modules, imported, raising=False)
    return name


def test_a_module_is_imported_without_its_siblings(package: str) -> None:
    with without_init(package):
        light = importlib.import_module(f"{package}.light")
    assert sys.modules[f"{package}.light"] is light
    assert f"{package}.heavy" not in sys.modules


def test_whoever_imports_the_package_later_gets_the_whole_and_the_same_modules(package: str) -> None:
    with without_init(package):
        light = importlib.import_module(f"{package}.light")
    whole = importlib.import_module(package)
    assert whole.light is light
    assert whole.heavy is sys.modules[f"{package}.heavy"]


def test_a_package_that_is_imported_already_stays(package: str) -> None:
    whole = importlib.import_module(package)
    with without_init(package):
        assert sys.modules[package] is whole
    assert sys.modules[package] is whole


def test_a_package_that_is_not_there_is_named() -> None:
    with (
        pytest.raises(ModuleNotFoundError, match="No module named 'no_such_package'"),
        without_init("no_such_package"),
    ):
        pass

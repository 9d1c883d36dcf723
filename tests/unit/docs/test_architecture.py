"""docs/architecture.md beside the contracts and folders that it describes."""

import re
import tomllib
from collections.abc import Iterator

import pytest

from documents import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def as_written(layers: list[str]) -> str:
    """Return layers as the page writes them: `{a, b} > c`."""
    parts = [re.split(r" [|:] ", layer) for layer in layers]
    return " > ".join(names[0] if len(names) == 1 else f"{{{', '.join(names)}}}" for names in parts)


def packages_with_code(folder: str) -> Iterator[str]:
    """Yield the folders directly below a folder that hold Python files."""
    for each in sorted((ROOT / folder).iterdir()):
        if any(each.rglob("*.py")) and not each.name.startswith((".", "_")):
            yield each.name


@pytest.mark.parametrize("name", ["Operator", "Runner", "Client library"])
def test_the_page_has_the_layers_of_the_contracts(name: str) -> None:
    contract = next(each for each in CONTRACTS if each["name"] == f"{name}: imports go one way")
    assert as_written(contract["layers"]) in PAGE


@pytest.mark.parametrize("folder", ["hack", "tests"])
def test_the_page_names_the_packages_of_a_folder(folder: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{folder}/` |"))
    assert [name for name in packages_with_code(folder) if f"`{name}`" not in row] == []

"""Every link in Markdown leads to a file of the project, and every target of make that it names exists."""

import re
import subprocess
from pathlib import Path

import pytest

from documents import ROOT

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TARGET = re.compile(r"`(?:[A-Z_]+=\S+ )*make ([a-z][a-z0-9-]*)")


def pages() -> list[str]:
    listed = subprocess.run(("git", "ls-files", "*.md"), cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.split()


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = page.parent / path if path else page
    if not fragment:
        return target.exists()
    return target.is_file() and fragment in map(anchor, _HEADING.findall(target.read_text()))


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    file = ROOT / page
    links = [link for link in _LINK.findall(file.read_text()) if not link.startswith(("http://", "https://"))]
    assert [link for link in links if not leads_somewhere(file, link)] == []


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {(page, target) for page in pages() for target in _TARGET.findall((ROOT / page).read_text())}
    assert named
    assert {(page, target) for page, target in named if target not in targets} == set()

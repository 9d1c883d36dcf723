"""Building repairs what was interrupted and leaves alone what is complete; `go` is a stand-in on PATH."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from devcluster import build, targets
from devcluster.errors import DevclusterError
from devcluster.layout import Layout
from devcluster.targets import Target, select

if TYPE_CHECKING:
    from pathlib import Path

# Writes one program a package into the folder after -o, and one line a call into a journal.
STAND_IN = """#!/bin/sh
echo "$@" >> "{journal}"
[ -e "{broken}" ] && {{ echo "one.go:1: no such thing" >&2; exit 2; }}
folder= ; previous=
for word in "$@"; do [ "$previous" = "-o" ] && folder="$word"; previous="$word"; done
echo "example.org/one" >&2
for name in one server; do printf program > "$folder/$name"; chmod +x "$folder/$name"; done
"""


class Workshop:
    """A cache, a stand-in compiler with its journal, and two targets."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder / "cache")
        self.journal = folder / "journal"
        self.broken = folder / "broken"
        (folder / "go").write_text(STAND_IN.format(journal=self.journal, broken=self.broken))
        (folder / "go").chmod(0o755)

    @property
    def builds(self) -> int:
        return len(self.journal.read_text().splitlines()) if self.journal.exists() else 0


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    modules = tmp_path / "modules"
    for name in ("one", "two"):
        (modules / name).mkdir(parents=True)
        (modules / name / "go.mod").write_text(f"module {name}\n")
    made = (
        Target("one", (("one", "example.org/one"), ("renamed", "example.org/server/v3"))),
        Target("two", (("two", "example.org/one"),)),
    )
    monkeypatch.setattr(targets, "MODULES", modules)
    monkeypatch.setattr(targets, "TARGETS", made)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return Workshop(tmp_path)


def test_all_is_built_once(workshop: Workshop) -> None:
    build.ensure(workshop.layout)
    build.ensure(workshop.layout)
    assert workshop.builds == 2
    assert sorted(path.name for path in workshop.layout.bin.iterdir() if path.name[0] != ".") == [
        "one",
        "renamed",
        "two",
    ]


def test_only_what_is_named_is_built(workshop: Workshop) -> None:
    build.ensure(workshop.layout, ["two"])
    assert workshop.builds == 1


@pytest.mark.parametrize("damage", ["program gone", "program cut short", "stamp gone", "stamp cut short"])
def test_a_half_built_cache_repairs_itself(workshop: Workshop, damage: str) -> None:
    build.ensure(workshop.layout)
    stamp = workshop.layout.bin / ".stamps" / "one.json"
    match damage:
        case "program gone":
            (workshop.layout.bin / "renamed").unlink()
        case "program cut short":
            (workshop.layout.bin / "one").write_text("prog")
        case "stamp gone":
            stamp.unlink()
        case _:
            stamp.write_text(stamp.read_text()[:20])
    build.ensure(workshop.layout)
    assert workshop.builds == 3
    assert (workshop.layout.bin / "renamed").read_text() == "program"


def test_a_changed_module_is_built_again(workshop: Workshop) -> None:
    build.ensure(workshop.layout)
    (select(["one"])[0].folder / "go.mod").write_text("module one\n\nrequire x v1.0.0\n")
    build.ensure(workshop.layout)
    assert workshop.builds == 3


def test_a_failed_build_shows_why_and_leaves_no_stamp(workshop: Workshop) -> None:
    workshop.broken.touch()
    with pytest.raises(
        DevclusterError, match=r"building one failed \(exit code 2\):\none\.go:1: no such thing"
    ):
        build.ensure(workshop.layout)
    assert not (workshop.layout.bin / ".stamps" / "one.json").exists()
    assert not list(workshop.layout.bin.glob(".building-*"))
    workshop.broken.unlink()
    build.ensure(workshop.layout)
    assert json.loads((workshop.layout.bin / ".stamps" / "one.json").read_text())["sizes"]["one"] == 7


def test_no_compiler_is_one_sentence(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DevclusterError, match="go is not on PATH"):
        build.ensure(workshop.layout)

"""The base image is made as Debian's slim images are, and made again only for a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from images.base import base_identity, forget_base, recipe, trim, with_security_updates
from images.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def system(tmp_path: Path) -> Path:
    for folder in (
        "etc/apt",
        "etc/dpkg/dpkg.cfg.d",
        "usr/share/doc/apt/examples",
        "usr/share/man/man1",
        "var/log",
    ):
        (tmp_path / folder).mkdir(parents=True)
    for name in (
        "usr/share/doc/apt/copyright",
        "usr/share/doc/apt/NEWS.gz",
        "usr/share/man/man1/ls.1",
        "etc/hostname",
    ):
        (tmp_path / name).write_text("text")
    (tmp_path / "etc/apt/sources.list").write_text("deb http://mirror.example/debian bookworm main\n")
    return tmp_path


def test_trim_leaves_licences_and_takes_manuals_and_this_machine(system: Path) -> None:
    trim(system)
    left = {str(path.relative_to(system)) for path in system.rglob("*") if path.is_file()}
    assert left == {"etc/apt/sources.list", "etc/dpkg/dpkg.cfg.d/slim", "usr/share/doc/apt/copyright"}


def test_security_updates_come_from_the_same_mirror() -> None:
    assert with_security_updates("deb http://mirror.example/debian/ bookworm main\n").splitlines() == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


@pytest.fixture
def made(tmp_path: Path) -> Settings:
    settings = Settings(tmp_path)
    settings.base.mkdir()
    (settings.base / "rootfs.tar").write_bytes(b"files")
    (settings.base / "base.json").write_text(json.dumps({"sha256": "abc", "recipe": recipe()}))
    return settings


def test_a_base_that_was_made_is_kept(made: Settings) -> None:
    assert base_identity(made) == "abc"


def test_refreshing_forgets_it(made: Settings) -> None:
    forget_base(made)
    assert base_identity(made) is None


def test_a_base_made_by_another_recipe_is_made_again(made: Settings) -> None:
    (made.base / "base.json").write_text(json.dumps({"sha256": "abc", "recipe": "older"}))
    assert base_identity(made) is None


def test_an_interrupted_base_is_made_again(made: Settings) -> None:
    (made.base / "rootfs.tar").unlink()
    assert base_identity(made) is None

"""What is built, and that its digest changes with everything that decides the outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from devcluster import targets
from devcluster.errors import DevclusterError
from devcluster.targets import EXTRAS, TARGETS, Target, build_flags, digest, pinned_version, select

if TYPE_CHECKING:
    from pathlib import Path

GO_MOD = "module x\n\nrequire (\n\tk8s.io/kubernetes v1.36.3\n\tk8s.io/utils v0.1.0 // indirect\n)\n"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr(targets, "MODULES", tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "go.mod").write_text(GO_MOD)
    (tmp_path / "one" / "go.sum").write_text("sums")
    return Target("one", (("one", "example.org/one"),))


def test_every_target_has_its_module_and_sums() -> None:
    for one in (*TARGETS, *EXTRAS):
        assert (one.folder / "go.mod").exists()
        assert (one.folder / "go.sum").exists() == (one.name != "pause")


def test_nothing_named_selects_the_cluster_in_the_order_of_need() -> None:
    assert select([]) == TARGETS
    assert [one.name for one in select([one.name for one in EXTRAS])] == [one.name for one in EXTRAS]
    assert [one.name for one in select(["helm", "etcd"])] == ["etcd", "helm"]


def test_an_unknown_target_is_named_with_the_known_ones() -> None:
    with pytest.raises(DevclusterError, match="no component is called etdc; there are etcd, kubernetes"):
        select(["etdc"])


def test_versions_come_from_go_mod() -> None:
    assert pinned_version(GO_MOD, "k8s.io/kubernetes") == "v1.36.3"
    assert pinned_version("require k8s.io/kubernetes v1.2.3\n", "k8s.io/kubernetes") == "v1.2.3"
    with pytest.raises(DevclusterError, match=r"does not require k8s\.io/api"):
        pinned_version(GO_MOD, "k8s.io/api")


def test_programs_report_the_pinned_version() -> None:
    kubernetes = select(["kubernetes"])[0]
    flags = " ".join(build_flags(kubernetes, GO_MOD))
    assert "version.gitVersion=v1.36.3" in flags
    assert "version.gitMinor=36" in flags
    assert "-mod=readonly" in flags


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("go.mod", GO_MOD + "\n", id="another requirement"),
        pytest.param("go.sum", "other sums", id="other sums"),
        pytest.param("main.go", "package main", id="a source of ours"),
    ],
)
def test_digest_changes_with_the_module(target: Target, name: str, content: str) -> None:
    before = digest(target)
    assert digest(target) == before
    (target.folder / name).write_text(content)
    assert digest(target) != before


def test_digest_changes_with_flags_but_not_with_notes(target: Target) -> None:
    before = digest(target)
    assert digest(replace(target, tags=("no_btrfs",))) != before
    (target.folder / "README").write_text("a note")
    assert digest(target) == before

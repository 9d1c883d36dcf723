"""Promotion on this machine's file system; races and kills are tested on an object store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from segcompress_runner.errors import InvalidInputError, InvalidSettingError, PromotedMeanwhileError
from segcompress_runner.outputs.manifests import MANIFEST
from segcompress_runner.outputs.promotion import Attempt, Promoted, promote
from segcompress_runner.outputs.published import Published, find_published
from segcompress_runner.storage import Address, LocalStorage, Named, Stat
from unit.runner.publish.publishing import KEYS, NOW, STORAGE, flat, measure, place, train


def result(folder: Path, name: str) -> Published:
    """Publish a result whose files hold `name`, and find it."""
    where = place(folder / name, name)
    measure(folder / name, where, train(folder / name, where))
    return find_published(STORAGE, where.measurement(KEYS.measurement))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return tmp_path


def key(folder: Path) -> Address:
    return Address("file", "", str(folder / "chosen"))


def attempt(folder: Path, name: str = "promoter-1") -> Attempt:
    return Attempt(name, NOW, folder / "work")


def promoted(folder: Path, name: str, storage: LocalStorage = STORAGE) -> Promoted:
    return promote(storage, result(folder, name), key(folder), attempt(folder, f"promoter-{name}"))


def contents(folder: Path) -> Mapping[str, str]:
    """Return what a reader of the key gets: each file that the manifest names, verified."""
    found = find_published(STORAGE, key(folder))
    return {name: path.read_text() for name, path in found.fetch_all(STORAGE, folder / "read").items()}


def test_promoted_model_is_the_published_one_file_by_file(made: Path) -> None:
    told = promoted(made, "one")
    assert contents(made) == dict.fromkeys(
        ("model.pdmodel", "model.pdiparams", "model.onnx", "result.json", "report.html"), "one"
    )
    published = result(made, "one")
    origin = told.manifest.promotion
    assert origin is not None
    assert (origin.source, origin.source_sha256) == (str(published.stored.address), published.stored.sha256)
    assert origin.replaced is None
    assert told.manifest.metrics == published.manifest.metrics


def test_next_model_replaces_the_manifest_and_leaves_the_files_before(made: Path) -> None:
    first = promoted(made, "one")
    second = promoted(made, "two")
    assert set(contents(made).values()) == {"two"}
    assert second.manifest.promotion is not None
    assert second.manifest.promotion.replaced == first.stored.sha256
    for file in first.manifest.files:
        assert (key(made) / file.path).local.read_text() == "one"


def test_model_that_is_there_is_not_promoted_again(made: Path) -> None:
    first = promoted(made, "one")
    again = promoted(made, "one")
    assert again == replace(first, was_there=True)


def test_files_that_somebody_removed_are_copied_again(made: Path) -> None:
    first = promoted(made, "one")
    (key(made) / first.manifest.files[0].path).local.unlink()
    assert promoted(made, "one").was_there
    assert set(contents(made).values()) == {"one"}


class WithoutDigests(LocalStorage):
    """Files of which no SHA-256 is told before they are read, as those of an object store."""

    def stat(self, folder: Address, files: Sequence[Named]) -> tuple[Stat, ...]:
        return tuple(replace(stat, digest="etag:0") for stat in super().stat(folder, files))


def test_file_of_the_same_size_that_somebody_broke_is_copied_again(made: Path) -> None:
    first = promoted(made, "one", WithoutDigests())
    (key(made) / first.manifest.files[0].path).local.write_text("eno")
    assert promoted(made, "one", WithoutDigests()).was_there
    assert set(contents(made).values()) == {"one"}


def test_manifest_of_a_run_is_not_replaced(made: Path) -> None:
    where = flat(made, "local-1")
    measure(made, where, train(made, where))
    with pytest.raises(InvalidSettingError, match=r"out/manifest\.json is the manifest of a run"):
        promote(STORAGE, result(made, "one"), where.folder, attempt(made))


def test_changed_file_is_not_promoted_and_nothing_is_named(made: Path) -> None:
    published = result(made, "one")
    (published.place.folder / published.manifest.files[1].path).local.write_text("two")
    with pytest.raises(InvalidInputError, match="does not match its published SHA-256"):
        promote(STORAGE, published, key(made), attempt(made))
    assert not (key(made) / MANIFEST).local.exists()


def test_name_that_leads_out_of_the_folder_is_refused(made: Path) -> None:
    published = result(made, "one")
    file = published.manifest.files[0].model_copy(update={"name": "../../elsewhere"})
    hostile = replace(published, manifest=published.manifest.model_copy(update={"files": (file,)}))
    with pytest.raises(InvalidInputError, match="is not the name of a file inside a folder"):
        promote(STORAGE, hostile, key(made), attempt(made))


class Overtaken(LocalStorage):
    """A storage on which another promotion ends just before ours writes its manifest."""

    def __init__(self, folder: Path, other: str | None) -> None:
        self._folder, self._other = folder, other

    def create(self, address: Address, content: bytes) -> bool:
        self._overtake(address)
        return super().create(address, content)

    def replace(self, address: Address, content: bytes, tag: str) -> bool:
        self._overtake(address)
        return super().replace(address, content, tag)

    def _overtake(self, address: Address) -> None:
        if self._other is None:
            address.local.unlink(missing_ok=True)
        else:
            promote(STORAGE, result(self._folder, self._other), key(self._folder), attempt(self._folder, "x"))


@pytest.fixture
def three(made: Path) -> Path:
    (made / "three").mkdir()
    return made


@pytest.mark.parametrize("occupied", [False, True], ids=["empty key", "key in use"])
def test_promotion_that_came_second_is_told_who_was_first(three: Path, occupied: bool) -> None:  # noqa: FBT001
    if occupied:
        promoted(three, "three")
    with pytest.raises(PromotedMeanwhileError, match=r"two/out/.*manifest\.json was promoted at 2026-03-01"):
        promoted(three, "one", Overtaken(three, "two"))
    assert set(contents(three).values()) == {"two"}


@pytest.mark.parametrize("occupied", [False, True], ids=["empty key", "key in use"])
def test_same_model_promoted_by_another_is_no_conflict(three: Path, occupied: bool) -> None:  # noqa: FBT001
    if occupied:
        promoted(three, "three")
    assert promoted(three, "one", Overtaken(three, "one")).was_there
    assert set(contents(three).values()) == {"one"}


def test_key_that_is_removed_meanwhile_stays_removed(made: Path) -> None:
    promoted(made, "one")
    with pytest.raises(PromotedMeanwhileError, match=r"manifest\.json: was removed while"):
        promoted(made, "two", Overtaken(made, None))
    assert not (key(made) / MANIFEST).local.exists()


class AnswerLost(LocalStorage):
    """A storage on which the last write succeeds but its response is lost, so that it is retried."""

    def create(self, address: Address, content: bytes) -> bool:
        super().create(address, content)
        return super().create(address, content)

    def replace(self, address: Address, content: bytes, tag: str) -> bool:
        super().replace(address, content, tag)
        return super().replace(address, content, tag)


def test_write_whose_answer_was_lost_counts(made: Path) -> None:
    for name in ("one", "two"):
        assert not promoted(made, name, AnswerLost()).was_there
        assert set(contents(made).values()) == {name}


def test_manifest_under_the_key_says_from_where_it_came(made: Path) -> None:
    promoted(made, "one")
    written = json.loads((key(made) / MANIFEST).local.read_text())
    assert written["kind"] == "MeasurementManifest"
    assert set(written["promotion"]) == {"source", "sourceSha256", "promoted", "attempt"}
    assert all(file["path"].startswith("versions/") for file in written["files"])

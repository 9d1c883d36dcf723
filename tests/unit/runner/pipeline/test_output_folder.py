"""`--output DIR` must cost a user neither the model that came nor what another run is writing there."""

from pathlib import Path

import pytest

from segcompress_api.conditions import Reason
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.outputs.output_folder import check_apart, held
from segcompress_runner.pipeline import Request, Surroundings, run
from segcompress_runner.processor import Processor
from segcompress_runner.progress import Silent
from segcompress_runner.provenance import Provenance, Software
from segcompress_runner.stopping import StopFlag
from segcompress_runner.storage import Address, LocalStorage, Named, Stat
from small_spec import DATASET, small_spec

SOFTWARE = Software("code", {})


def stat(name: str) -> Stat:
    return Stat(Named(name), "sha256:x", 1)


def folder_of(path: Path) -> Address:
    return Address("file", "", str(path))


def test_a_run_does_not_replace_its_own_model(tmp_path: Path) -> None:
    for name in ("model.pdmodel", "model.pdiparams", "a.jpg", "a.png"):
        (tmp_path / name).write_text("as it came")
    for name in ("train.txt", "val.txt"):
        (tmp_path / name).write_text("a.jpg a.png\n")
    spec = small_spec(
        model={"inference": {"uri": f"file://{tmp_path}/"}},
        dataset={**DATASET, "uri": f"file://{tmp_path}/"},
    )
    software = Provenance(SOFTWARE, SOFTWARE)
    request = Request(spec, "local-1", 1, "CPU", Processor("a CPU"), software, folder_of(tmp_path))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InvalidSettingError, match=r"own model\.pdmodel.*another folder") as e:
        run(request, Surroundings(LocalStorage(), tmp_path / "work", Silent(), StopFlag()))
    assert e.value.reason == Reason.INVALID_SPEC
    assert sorted(tmp_path.iterdir()) == before


def test_the_folder_is_known_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "models")
    with pytest.raises(InvalidSettingError, match=r"model\.pdiparams"):
        check_apart(folder_of(tmp_path / "link"), folder_of(tmp_path), [stat("models/model.pdiparams")])


def test_a_model_of_other_names_or_in_a_bucket_is_safe(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    check_apart(folder, folder, [stat("deploy.pdmodel"), stat("deploy.pdiparams")])
    check_apart(folder, Address("s3", "models", "x"), [stat("model.pdmodel")])
    check_apart(folder, folder_of(tmp_path / "before"), [stat("model.pdmodel")])


def test_a_folder_that_a_run_writes_to_is_refused_to_another_until_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    refused = pytest.raises(InvalidSettingError, match=r"--output: another run is writing to .*/out;")
    with held(folder), refused, held(folder):
        pass
    with held(folder):
        (folder / "manifest.json").write_text("{}")
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def test_a_folder_that_a_run_made_and_left_empty_is_removed(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    for name in ("before", "made"):
        with held(tmp_path / name):
            assert (tmp_path / name).is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["before"]


def test_a_folder_that_cannot_be_made_is_left_to_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with held(tmp_path / "file/out"):
        pass

import io
import tarfile
from pathlib import Path

import pytest

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.lists import parse_list, read_lists
from segcompress_runner.inputs.shards import pairs, unpack

from .conftest import MakeDataset


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def write_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]  # its modes are literals
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def packed(path: Path, root: Path, *names: str) -> Path:
    return write_tar(path, *((member(name), (root / name).read_bytes()) for name in names))


def test_plain_files_are_unpacked_in_order(tmp_path: Path) -> None:
    shard = write_tar(
        tmp_path / "x.tar",
        (member("a", tarfile.DIRTYPE), b""),
        (member("a/2.jpg"), b"two"),
        (member("a/1.jpg"), b"one"),
    )
    assert unpack(shard, tmp_path / "into") == ("a/2.jpg", "a/1.jpg")
    assert (tmp_path / "into/a/1.jpg").read_bytes() == b"one"
    assert unpack(shard, tmp_path / "into") == ("a/2.jpg", "a/1.jpg")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param(member("../out.jpg"), "'../out.jpg', which is not a path inside it", id="upwards"),
        pytest.param(member("a/../../out.jpg"), "which is not a path inside it", id="upwards, deeper"),
        pytest.param(member("/out.jpg"), "which is not a path inside it", id="absolute"),
        pytest.param(member("a\nb.jpg"), "which is not a path inside it", id="a line break"),
        pytest.param(member("a" * 300), "which is not a path inside it", id="a long name"),
        pytest.param(member("/".join("a" * 99)), "which is not a path inside it", id="deep"),
        pytest.param(
            member("l", tarfile.SYMTYPE, "/etc/passwd"), "'l', which is not a plain file", id="symlink"
        ),
        pytest.param(
            member("l", tarfile.LNKTYPE, "first.jpg"), "'l', which is not a plain file", id="hard link"
        ),
        pytest.param(member("p", tarfile.FIFOTYPE), "'p', which is not a plain file", id="pipe"),
        pytest.param(member("d", tarfile.CHRTYPE), "'d', which is not a plain file", id="device"),
        pytest.param(member("first.jpg"), "'first.jpg' twice", id="twice"),
        pytest.param(member("first.jpg/x"), "'first.jpg/x' twice", id="below a file"),
    ],
)
def test_what_could_do_harm_is_refused(tmp_path: Path, wrong: tarfile.TarInfo, message: str) -> None:
    shard = write_tar(tmp_path / "x.tar", (member("first.jpg"), b"1"), (wrong, b""))
    with pytest.raises(InvalidInputError) as caught:
        unpack(shard, tmp_path / "deep/into")
    assert message in str(caught.value)
    assert {path.name for path in tmp_path.rglob("*")} == {"x.tar", "deep", "into", "first.jpg"}


@pytest.mark.parametrize("content", [b"no tar", b"\x1f\x8b\x08\x00", b"x" * 1024])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"^is not an uncompressed tar file"):
        unpack(tmp_path / "x.tar", tmp_path / "into")


def test_compressed_and_truncated_tars_are_refused(tmp_path: Path) -> None:
    for mode, name in (("w:gz", "z.tar"), ("w", "cut.tar")):
        write_tar(tmp_path / name, (member("a.jpg"), bytes(5000)), mode=mode)
    (tmp_path / "cut.tar").write_bytes((tmp_path / "cut.tar").read_bytes()[:3000])
    for name in ("z.tar", "cut.tar"):
        with pytest.raises(InvalidInputError, match=r"^is not an uncompressed tar file, or truncated"):
            unpack(tmp_path / name, tmp_path / "into")


def test_files_that_share_a_name_are_one_sample() -> None:
    names = ["README.md", "b.jpg", "b.png", "a.json", "a.png", "a.mask.png", "s/c.cls", "s/c.jpg", "s/c.png"]
    assert pairs(names, "PaddleSeg") == (("b.jpg", "b.png"), ("a.png", "a.mask.png"), ("s/c.jpg", "s/c.png"))
    assert pairs(["a.json", "a.png", "b.JPG", "b.json"], "Labelme") == (
        ("a.png", "a.json"),
        ("b.JPG", "b.json"),
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["s/a.jpg"], "holds 's/a.jpg' without a.mask.png or a.png"),
        (["a.mask.png"], "holds 'a.mask.png' without a.jpg or a.jpeg or"),
        (["README.md"], "holds no samples: pictures such as 0001.jpg beside 0001.png"),
    ],
)
def test_a_sample_that_lacks_a_part_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        pairs(names, "PaddleSeg")
    assert str(caught.value).startswith(message)


def test_a_line_with_a_tar_stands_for_its_samples_beside_single_files(
    root: Path, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    packed(root / "all.tar", root, "a.jpg", "a.png", "b.jpg", "b.png")
    (root / "train.txt").write_text("b.jpg b.png\nall.tar\n")
    lists = read_lists(root, make_dataset(), tmp_path / "work")
    assert [sample.image.name for sample in lists.train] == ["b.jpg", "a.jpg", "b.jpg"]
    named = lists.train[1]
    assert named.named(named.mask) == "a.png (all.tar, train.txt line 2)"


def test_what_is_wrong_with_a_shard_names_the_list_and_the_line(
    root: Path, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    packed(root / "half.tar", root, "a.jpg")
    (root / "train.txt").write_text("half.tar\n")
    with pytest.raises(InvalidInputError, match=r"^half\.tar \(train\.txt line 1\): holds 'a\.jpg' without"):
        read_lists(root, make_dataset(), tmp_path / "work")
    with pytest.raises(InvalidInputError, match=r"^train\.txt line 1: tar files are not supported here"):
        read_lists(root, make_dataset())


def test_a_picture_cannot_be_its_own_annotation() -> None:
    with pytest.raises(InvalidInputError, match=r"a\.png cannot be picture and annotation at once"):
        parse_list(b"a.png a.png\n", "train.txt")

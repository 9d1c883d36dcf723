from pathlib import Path

import pytest

from segcompress_runner.errors import InputNotFoundError, InvalidInputError
from segcompress_runner.inputs.lists import parse_list, read_lists

from .conftest import MakeDataset


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"images/a.jpg masks/a.png\n", [("images/a.jpg", "masks/a.png")], id="space"),
        pytest.param(b"my picture.jpg\tmy mask.png\n", [("my picture.jpg", "my mask.png")], id="tab"),
        pytest.param(
            b"a.jpg   a.png\r\n\r\nb.jpg b.png", [("a.jpg", "a.png"), ("b.jpg", "b.png")], id="CRLF"
        ),
        pytest.param(b"./images/a.jpg masks//./a.png", [("images/a.jpg", "masks/a.png")], id="dots"),
        pytest.param(b"\xef\xbb\xbfa.jpg a.png", [("a.jpg", "a.png")], id="byte order mark"),
    ],
)
def test_list_gives_pairs(content: bytes, expected: list[tuple[str, str]]) -> None:
    assert [(entry.image, entry.mask) for entry in parse_list(content, "train.txt")] == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "train.txt: is empty", id="empty"),
        pytest.param(b"\n \n", "train.txt: is empty", id="blank lines"),
        pytest.param(
            b"a.jpg a.png\nb.jpg\n", r"train.txt line 2: 'b.jpg' is not an \"image mask\" pair", id="one"
        ),
        pytest.param(b"a.jpg a.png 1\n", "train.txt line 1: .* pair", id="three"),
        pytest.param(b"/etc/passwd a.png\n", "line 1: '/etc/passwd' is not a path inside", id="absolute"),
        pytest.param(b"a.jpg ../../b.png\n", "line 1: '../../b.png' is not a path inside", id="upwards"),
        pytest.param(
            b"./../a.jpg a.png\n", "train.txt line 1: './../a.jpg' is not a path", id="dot, upwards"
        ),
        pytest.param(b"a.jpg masks\\b.png\n", "is not a path inside", id="backslash"),
        pytest.param(b"\xff\xd8\xff\xe0", "train.txt: must be UTF-8 text", id="a picture"),
    ],
)
def test_faulty_list_is_refused_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        parse_list(content, "train.txt")


def test_lists_give_paths_and_origins(root: Path, make_dataset: MakeDataset) -> None:
    lists = read_lists(root, make_dataset())
    assert [(sample.image, sample.mask, sample.origin) for sample in lists.val] == [
        (root / "b.jpg", root / "b.png", "val.txt line 1")
    ]


def test_missing_list_is_named(root: Path, make_dataset: MakeDataset) -> None:
    with pytest.raises(InputNotFoundError, match=r"training\.txt: the list file does not exist"):
        read_lists(root, make_dataset(trainList="training.txt"))


def test_missing_picture_is_named_with_its_line(root: Path, make_dataset: MakeDataset) -> None:
    (root / "train.txt").write_text("a.jpg a.png\nc.jpg a.png\n")
    with pytest.raises(InputNotFoundError, match=r"c\.jpg \(train\.txt line 2\) does not exist"):
        read_lists(root, make_dataset())


def test_link_out_of_the_folder_is_refused(
    root: Path, make_dataset: MakeDataset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    outside.write_bytes(b"secret")
    (root / "a.png").unlink()
    (root / "a.png").symlink_to(outside)
    with pytest.raises(InvalidInputError, match=r"train\.txt line 1: a\.png leads out"):
        read_lists(root, make_dataset())

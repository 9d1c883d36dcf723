import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.checks import check_pictures
from segcompress_runner.inputs.lists import read_lists
from segcompress_runner.progress import Silent

from .conftest import MakeDataset


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_size(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it is that large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def repaint(path: Path, pixels: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> None:
    Image.fromarray(pixels).save(path)


def test_valid_pictures_pass_and_are_counted(root: Path, make_dataset: MakeDataset) -> None:
    class Counting(Silent):
        done = 0

        def step(self, done: int, **_: float) -> None:
            self.done = done

    progress = Counting()
    dataset = make_dataset()
    check_pictures(read_lists(root, dataset), dataset, progress)
    assert progress.done == 2


@pytest.mark.parametrize(
    "paint",
    [
        pytest.param(np.full((20, 30), 255, np.uint8), id="ignoreIndex alone"),
        pytest.param(np.zeros((20, 30), bool), id="one bit a pixel"),
    ],
)
def test_unusual_masks_pass(
    root: Path, make_dataset: MakeDataset, paint: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    repaint(root / "a.png", paint)
    dataset = make_dataset()
    check_pictures(read_lists(root, dataset), dataset, Silent())


def test_palette_mask_passes_by_its_indices(root: Path, make_dataset: MakeDataset) -> None:
    mask = Image.fromarray(np.ones((20, 30), np.uint8), mode="P")
    mask.putpalette([0, 0, 0, 200, 0, 0])
    mask.save(root / "a.png")
    dataset = make_dataset()
    check_pictures(read_lists(root, dataset), dataset, Silent())


FAULTS = [
    pytest.param(lambda root: cut(root / "a.jpg"), r"a\.jpg .*broken or truncated", id="truncated JPEG"),
    pytest.param(lambda root: cut(root / "a.png"), r"a\.png .*broken or truncated", id="truncated PNG"),
    pytest.param(
        lambda root: (root / "a.jpg").write_bytes(b"<html>not found</html>"),
        r"a\.jpg .*is not a JPEG or PNG",
        id="no picture",
    ),
    pytest.param(lambda root: (root / "a.jpg").write_bytes(b""), r"a\.jpg .*is not a JPEG", id="empty file"),
    pytest.param(
        lambda root: (root / "a.jpg").write_bytes(png_of_size(60000, 60000)),
        r"a\.jpg .*is 60000x60000 pixels; at most",
        id="bomb",
    ),
    pytest.param(
        lambda root: (root / "a.png").write_bytes(png_of_size(60000, 60000)),
        r"a\.png .*is 60000x60000 pixels",
        id="bomb as mask",
    ),
    pytest.param(
        lambda root: repaint(root / "a.png", np.zeros((30, 20), np.uint8)),
        r"a\.png .*the mask is 20x30 pixels and its picture a\.jpg 30x20",
        id="mask of another size",
    ),
    pytest.param(
        lambda root: repaint(root / "a.png", np.full((20, 30), 7, np.uint8)),
        r"a\.png .*holds class id 7; numClasses is 2",
        id="class id",
    ),
    pytest.param(
        lambda root: repaint(root / "a.png", np.full((20, 30), 256, np.uint16)),
        r"a\.png .*16 bits or more",
        id="16-bit mask",
    ),
    pytest.param(
        lambda root: repaint(root / "a.png", np.zeros((20, 30, 3), np.uint8)),
        r"a\.png .*a colour picture \(mode RGB\)",
        id="colour mask",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), FAULTS)
def test_fault_is_named_with_file_and_line(
    root: Path, make_dataset: MakeDataset, spoil: Callable[[Path], None], message: str
) -> None:
    dataset = make_dataset()
    spoil(root)
    with pytest.raises(InvalidInputError, match=message) as error:
        check_pictures(read_lists(root, dataset), dataset, Silent())
    assert "train.txt line 1" in str(error.value)


def test_sideways_photograph_has_the_size_that_cv2_sees(root: Path, make_dataset: MakeDataset) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.full((30, 20, 3), 90, np.uint8)).save(root / "a.jpg", exif=exif)
    dataset = make_dataset()
    check_pictures(read_lists(root, dataset), dataset, Silent())


@pytest.mark.parametrize("call", ["open", "load"])
def test_memory_that_runs_out_is_no_broken_picture(
    call: str, root: Path, make_dataset: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def runs_out(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(*{"open": (Image, "open"), "load": (Image.Image, "load")}[call], runs_out)
    dataset = make_dataset()
    with pytest.raises(MemoryError):
        check_pictures(read_lists(root, dataset), dataset, Silent())

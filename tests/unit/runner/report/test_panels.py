import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from segcompress_runner.measurement.worst import SIDE, Example, Wrong, example
from segcompress_runner.outputs.html.panels import class_colour, panels

IGNORED = 255
ORANGE, BLUE, GREY = (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2), (0x8A, 0x8F, 0x98)


def opened(uri: str) -> Image.Image:
    head, _, content = uri.partition(",")
    assert head in {"data:image/png;base64", "data:image/webp;base64"}
    return Image.open(io.BytesIO(base64.b64decode(content)))


def row(*ids: int) -> NDArray[np.uint8]:
    return np.array([ids], np.uint8)


@pytest.fixture
def small() -> Example:
    image = np.full((1, 5, 3), 100, np.uint8)
    return Example(
        "a.jpg", Wrong(0, 4, 2, 2), image, row(0, 1, 1, 0, IGNORED), row(0, 1, 0, 1, 0), row(0, 0, 1, 1, 1)
    )


def test_difference_tells_right_lost_gained_both_wrong_and_ignored_apart(small: Example) -> None:
    picture = opened(panels(small, IGNORED)[-1].uri).convert("RGBA")
    seen = [picture.getpixel((column, 0)) for column in range(5)]
    assert seen[1:4] == [(*ORANGE, 255), (*BLUE, 255), (*GREY, 255)]
    assert [seen[index][3] for index in (0, 4)] == [0, 0]  # type: ignore[index]


def test_maps_have_their_classes_colours_and_ignored_pixels_none(small: Example) -> None:
    mask = opened(panels(small, IGNORED)[1].uri).convert("RGBA")
    assert mask.getpixel((1, 0)) == (*class_colour(1), 255)
    assert mask.getpixel((4, 0))[3] == 0  # type: ignore[index]
    assert opened(panels(small, IGNORED)[3].uri).convert("RGB").getpixel((4, 0)) == class_colour(1)


def test_every_class_has_a_colour_of_its_own() -> None:
    assert len({class_colour(index) for index in range(256)}) == 256


def test_large_pictures_are_reduced_and_small() -> None:
    ids = np.repeat(np.arange(8, dtype=np.uint8), 128)[np.newaxis].repeat(512, axis=0)
    photo = np.random.default_rng(0).integers(0, 256, (512, 1024, 3)).astype(np.float32)
    shown = panels(example("a", Wrong(0, 1, 0, 0), photo, ids, ids, ids), IGNORED)
    assert {opened(panel.uri).size for panel in shown} == {(SIDE, SIDE // 2)}
    assert sum(len(panel.uri) for panel in shown[1:]) < 8000

"""Pictures whose headers declare more than fits into memory, other formats, and hostile annotations."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from hostile.inputs.case import Input, InputTheme
from segcompress_api.dataset import Dataset
from segcompress_runner.inputs.annotations.classes import Classes
from segcompress_runner.inputs.annotations.masks import with_masks
from segcompress_runner.inputs.checks import check_sample
from segcompress_runner.inputs.lists import Lists, Sample

_PLAIN = {"trainTransforms": [{"type": "Normalize"}], "valTransforms": [{"type": "Normalize"}]}
_SIZE = (16, 12)
_PICTURE, _MASK = "a.png (train.txt line 1)", "m.png (train.txt line 1)"
_ANNOTATION = "a.json (train.txt line 1)"


def _encoded(mode: str, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, _SIZE).save(buffer, form, **options)
    return buffer.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    end = _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + end


def _bmp(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, *[0] * 6)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def _jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xd9"


def _webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + size
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


_GOOD, _GOOD_MASK = _encoded("RGB", "PNG"), _encoded("L", "PNG")
_PICTURES: dict[str, bytes] = {
    "a PNG of 2 billion pixels a side": _png(2**31 - 1, 2**31 - 1),
    "a PNG of one long row": _png(2**31 - 1, 1),
    "a PNG without pixels": _png(0, 0),
    "a JPEG of 65,535 pixels a side": _jpeg(65535, 65535),
    "a JPEG without pixels": _jpeg(0, 0),
    "a BMP of 2 billion pixels a side": _bmp(2**31 - 1, 2**31 - 1),
    "a BMP of negative size": _bmp(-1, -1),
    "a WebP of 16 million pixels a side": _webp(2**24, 2**24),
    "a bomb in a PNG's text": _png(16, 12, _chunk(b"zTXt", b"x\0\0" + zlib.compress(b"\0" * 2**25))),
    "a bomb in a PNG's profile": _png(16, 12, _chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 2**25))),
    "a chunk of 4 GiB": _png(16, 12)[:33] + struct.pack(">I", 2**32 - 1) + b"IDAT",
    "a GIF": _encoded("P", "GIF"),
    "a TIFF": _encoded("RGB", "TIFF"),
    "a PostScript program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file\n",
    "a PDF": b"%PDF-1.7\n",
    "an SVG that includes a file": b'<svg xmlns="x"><image href="file:///etc/passwd"/></svg>',
    "an HTML page": b"<html><script>alert(1)</script></html>",
    "an executable": b"\x7fELF\x02\x01\x01" + b"\0" * 64,
    "an icon": _encoded("RGB", "ICO"),
    "a PPM": _encoded("RGB", "PPM"),
    "half a picture": _GOOD[: len(_GOOD) // 2],
    "nothing": b"",
}
_MASKS: dict[str, bytes] = {
    "a mask of 2 billion pixels a side": _png(2**31 - 1, 2**31 - 1),
    "an RGB mask": _GOOD,
    "a mask of 16 bits": _encoded("I;16", "PNG"),
    "a JPEG mask": _encoded("L", "JPEG"),
    "a mask of another size": _png(16, 13),
}


def _seeing(picture: bytes, mask: bytes) -> Callable[[Path], object]:
    def take(folder: Path) -> object:
        (folder / "a.png").write_bytes(picture)
        (folder / "m.png").write_bytes(mask)
        sample = Sample(folder / "a.png", folder / "m.png", "train.txt line 1", folder)
        return check_sample(sample, Dataset.model_validate({"uri": "file:///d/", "numClasses": 2, **_PLAIN}))

    return take


def _shape(**changes: object) -> str:
    points = [[1, 1], [5, 1], [5, 5]]
    return json.dumps({"shapes": [{"label": "person", "points": points, **changes}]})


_ANNOTATIONS: dict[str, str] = {
    "unclosed lists": "[" * 100_000,
    "a list instead of a mapping": "[]",
    "a number instead of a mapping": "1",
    "nothing": "",
    "a point far outside the picture": _shape(points=[[1e300, 1], [5, 1], [5, 5]]),
    "a point that is not a number": '{"shapes": [{"label": "person", "points": [[NaN, 1], [2, 2], [3, 1]]}]}',
    "a point of 5,000 digits": '{"shapes": [{"label": "person", "points": [[%s, 1]]}]}' % ("1" * 5000),
    "points of text": _shape(points=[["1", "1"]]),
    "no points": _shape(points=[]),
    "an unknown label": _shape(label="nobody"),
    "a label with a terminal escape": _shape(label="a\x1b[2J"),
    "a label that is a list": _shape(label=["person"]),
    "a shape type that is code": _shape(shape_type="__class__"),
    "a mask that is not a picture": _shape(shape_type="mask", points=[[0, 0], [5, 5]], mask="aWQ="),
    "a mask that is too large": _shape(shape_type="mask", points=[[0, 0], [1_000_000, 1_000_000]], mask=""),
    "a size other than its picture's": json.dumps({"shapes": [], "imageHeight": 2**62, "imageWidth": 1}),
}


def _drawing(document: str) -> Callable[[Path], object]:
    def take(folder: Path) -> object:
        (folder / "a.png").write_bytes(_GOOD)
        (folder / "a.json").write_text(document)
        sample = Sample(folder / "a.png", folder / "a.json", "train.txt line 1", folder)
        names = {"format": "Labelme", "classNames": ["background", "person"], "numClasses": 2}
        dataset = Dataset.model_validate({"uri": "file:///d/", **names, **_PLAIN})
        classes = Classes({"background": 0, "person": 1}, 255)
        return with_masks(Lists((sample,), ()), dataset, classes, folder / "masks")

    return take


THEME = InputTheme(
    "Pictures and annotations",
    "huge headers, bombs, formats of other programs, broken pixels, points beyond any picture",
    (
        *(Input(what, _seeing(content, _GOOD_MASK), _PICTURE) for what, content in _PICTURES.items()),
        *(Input(what, _seeing(_GOOD, content), _MASK) for what, content in _MASKS.items()),
        *(
            Input(f"an annotation with {what}", _drawing(document), _ANNOTATION)
            for what, document in _ANNOTATIONS.items()
        ),
    ),
)

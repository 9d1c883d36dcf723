"""Whether pictures and masks are what the spec says, found out before hours of training.

Every file is decoded once, by a pool of threads. In a run the first fault ends it with the file's name.
Imports no Paddle.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from segcompress_api.dataset import Dataset
from segcompress_runner.errors import InvalidInputError, is_exhaustion
from segcompress_runner.findings import Each, at_once
from segcompress_runner.inputs.census import IDS, Census, Counts
from segcompress_runner.inputs.lists import Lists, Sample
from segcompress_runner.inputs.parallel import each_of
from segcompress_runner.progress import Progress

MAX_SIDE = 16384
MAX_PIXELS = 8192 * 8192
"""Above it a picture is a decompression bomb; 8192 x 8192 is 201 MB once decoded."""

_DECODING = 9
"""Bytes a pixel that decoding takes at most: a progressive JPEG's coefficients, and its colours."""

_IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
_MASK_FORMATS = ("PNG", "BMP")
_MASK_MODES = ("L", "P", "1")
_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
"""EXIF orientations that swap width and height; cv2.imread obeys them."""

# The size is checked here, before anything is decoded, with a message that says what is allowed.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class Manner:
    """How to check many files: on how many threads, and what becomes of a fault."""

    threads: int = 2
    each: Each = at_once


IN_A_RUN = Manner()


def check_pictures(lists: Lists, dataset: Dataset, progress: Progress, manner: Manner = IN_A_RUN) -> Census:
    """Decode every picture and mask once; return what the masks hold.

    Checked: decodes to its end, no more than 8192 x 8192 pixels, a mask has one 8-bit channel, the size of
    its picture, and no id but 0 to numClasses - 1 and ignoreIndex. Raises InvalidInputError naming the file.
    """
    census = Census()
    train, val = set(lists.train), set(lists.val)
    checked = each_of(
        _unique(lists), lambda sample: check_sample(sample, dataset), manner.threads, manner.each
    )
    for done, (sample, counts) in enumerate(checked, 1):
        progress.step(done)
        for part, tally in ((train, census.train), (val, census.val)):
            if sample in part:
                tally.add(counts)
    return census


def check_sample(sample: Sample, dataset: Dataset) -> Counts:
    """Check one picture and its mask; return the mask's pixels by class id. Raises InvalidInputError."""
    read_size(sample)
    _decode_image(sample)
    counts = np.bincount(_read_mask(sample).ravel(), minlength=IDS)
    _check_ids(counts, sample, dataset)
    return counts


def read_sizes(lists: Lists, manner: Manner = IN_A_RUN) -> dict[Sample, tuple[int, int]]:
    """Return (height, width) of each picture from its header and its mask's; raises InvalidInputError."""
    return dict(each_of(_unique(lists), read_size, manner.threads, manner.each))


def _unique(lists: Lists) -> tuple[Sample, ...]:
    return tuple(dict.fromkeys((*lists.train, *lists.val)))


def read_size(sample: Sample) -> tuple[int, int]:
    """Return a picture's (height, width) as cv2 sees it; the mask's header must say the same."""
    height, width = picture_size(sample)
    with _opened(sample.mask, sample, _MASK_FORMATS) as mask:
        _check_mode(mask, sample)
        if mask.size != (width, height):
            raise InvalidInputError(
                f"{sample.named(sample.mask)}: the mask is {mask.width}x{mask.height} pixels and its picture "
                f"{sample.image.name} {width}x{height}; they must have the same size"
            )
    return height, width


def picture_size(sample: Sample) -> tuple[int, int]:
    """Return a picture's (height, width) as cv2 sees it; raises InvalidInputError."""
    with _opened(sample.image, sample, _IMAGE_FORMATS) as image:
        width, height = reversed(image.size) if _is_sideways(image) else image.size
    return height, width


def _is_sideways(image: Image.Image) -> bool:
    """Return whether EXIF turns the picture; PIL would decode all of a PNG to look behind its pixels."""
    if image.format == "PNG" and "exif" not in image.info:
        return False
    try:
        return image.getexif().get(_ORIENTATION) in _SIDEWAYS
    except Exception:  # noqa: BLE001 - broken metadata turns nothing, and cv2 ignores it too
        return False


def _decode_image(sample: Sample) -> None:
    """Decode a picture to its end, as training will."""
    with _opened(sample.image, sample, _IMAGE_FORMATS) as image:
        if image.format == "JPEG":
            # libjpeg makes a whole picture of half a file, and only PIL says so. At an eighth of the size it
            # reads every byte at a third of the cost.
            image.draft("RGB", (1, 1))
            _load(image, sample.image, sample)
        reduced = cv2.IMREAD_REDUCED_COLOR_8 if image.format == "JPEG" else cv2.IMREAD_COLOR
    if cv2.imread(str(sample.image), reduced) is None:
        raise undecodable(sample.image, sample, "is broken or truncated")


def _check_mode(mask: Image.Image, sample: Sample) -> None:
    if mask.mode not in _MASK_MODES:
        kind = "16 bits or more per pixel" if mask.mode.startswith(("I", "F")) else "a colour picture"
        raise InvalidInputError(
            f"{sample.named(sample.mask)}: the mask is {kind} (mode {mask.mode}); "
            "it must hold one 8-bit class id per pixel (grey or palette PNG)"
        )


def _read_mask(sample: Sample) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a mask as H x W class ids, as PaddleSeg reads it."""
    with _opened(sample.mask, sample, _MASK_FORMATS) as image:
        _load(image, sample.mask, sample)
        return np.asarray(image).astype(np.uint8, copy=False)


def _check_ids(counts: Counts, sample: Sample, dataset: Dataset) -> None:
    wrong = [int(i) for i in np.flatnonzero(counts) if i >= dataset.num_classes and i != dataset.ignore_index]
    if wrong:
        raise InvalidInputError(
            f"{sample.named(sample.mask)}: holds class id {wrong[0]}; numClasses is {dataset.num_classes}, "
            f"so ids go from 0 to {dataset.num_classes - 1} (and ignoreIndex {dataset.ignore_index})"
        )


def _opened(path: Path, sample: Sample, formats: tuple[str, ...]) -> Image.Image:
    try:
        image = Image.open(path, formats=formats)
    except UnidentifiedImageError:
        raise InvalidInputError(f"{sample.named(path)}: is not a {' or '.join(formats)} picture") from None
    except Exception as error:
        if is_exhaustion(error):
            raise
        raise InvalidInputError(f"{sample.named(path)}: is broken ({_first_line(error)})") from None
    width, height = image.size
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        image.close()
        raise InvalidInputError(
            f"{sample.named(path)}: is {width}x{height} pixels; at most {MAX_PIXELS} pixels "
            f"and {MAX_SIDE} per side are allowed"
        )
    return image


def _load(image: Image.Image, path: Path, sample: Sample) -> None:
    try:
        image.load()
    except Exception as error:
        if is_exhaustion(error):
            raise
        raise undecodable(path, sample, f"is broken or truncated ({_first_line(error)})") from None


def undecodable(path: Path, sample: Sample, problem: str) -> InvalidInputError:
    """Return the error of a picture that a decoder gave up on; raises MemoryError where memory was short.

    libjpeg and OpenCV say the same of both.
    """
    try:
        with Image.open(path) as header:
            np.empty(header.width * header.height * _DECODING, np.uint8)
    except OSError as error:
        if is_exhaustion(error):
            raise
    return InvalidInputError(f"{sample.named(path)}: {problem}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]

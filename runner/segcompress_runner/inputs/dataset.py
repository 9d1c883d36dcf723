"""Pictures as a model sees them: PaddleSeg's transforms, the same random choices in every run.

The only module that makes PaddleSeg's objects; importing it imports Paddle, so the pipeline does so late.
A random transform depends on (seed, epoch, index) alone, never on which worker process computes it or on
what ran before in that process.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segcompress_api.dataset import Transform
from segcompress_runner.errors import InvalidInputError, InvalidSettingError, is_exhaustion
from segcompress_runner.inputs.checks import check_pictures, undecodable
from segcompress_runner.inputs.fit import Fitted, Size, tried
from segcompress_runner.inputs.lists import Entry, Lists, Sample, parse_list, read_list, read_lists
from segcompress_runner.inputs.transforms import check_transforms
from segcompress_runner.pieces import without_init

with without_init("paddleseg", "paddleseg.cvlibs", "paddleseg.utils"):
    # Its packages import every network and metric too: half a second.
    import paddleseg.transforms  # noqa: F401 - fills the table
    from paddleseg.cvlibs import manager

__all__ = [
    "Entry",
    "Lists",
    "Pictures",
    "Reverse",
    "Sample",
    "check_pictures",
    "check_transforms",
    "parse_list",
    "read_list",
    "read_lists",
]

# Workers are processes already; OpenCV's own threads in each of them only fight for the cores.
cv2.setNumThreads(0)

Mode = Literal["train", "val"]
_FIELDS: dict[Mode, str] = {
    "train": "spec.dataset.trainTransforms",
    "val": "spec.dataset.valTransforms",
}


@dataclass(frozen=True)
class Reverse:
    """One step from a prediction back to its mask: resize, or crop from the top left, to height x width."""

    kind: Literal["resize", "crop"]
    height: int
    width: int


class Pictures:
    """One list of a dataset, map-style.

    Mode train gives an image (float32, 3 x H x W, RGB). Mode val gives (image, label, index), the label
    uint8 at the mask's own size: predictions are brought back to it by the steps of
    `reversal(height, width)`.
    """

    def __init__(
        self, samples: Sequence[Sample], transforms: Sequence[Transform], *, mode: Mode, seed: int = 0
    ) -> None:
        self.samples = tuple(samples)
        self.transforms = tuple(transforms)
        self.mode = mode
        self.seed = seed
        for index, transform in enumerate(self.transforms):
            _make(transform, f"{_FIELDS[mode]}[{index}]")
        self.reversal = lru_cache(maxsize=4096)(self._reversal)

    def first(self, count: int) -> "Pictures":
        """Return the first pictures of the list, as another list."""
        return Pictures(self.samples[:count], self.transforms, mode=self.mode, seed=self.seed)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Any:
        return self.read(index)

    def read(self, index: int, epoch: int = 0) -> Any:
        """Return a picture as `epoch`'s random transforms make it, which only mode train has."""
        sample = self.samples[index]
        with self._random(index, epoch):
            data = self._transformed({"img": read_image(sample)}, sample)
        image = np.ascontiguousarray(np.transpose(data["img"], (2, 0, 1)), dtype=np.float32)
        if self.mode == "train":
            return image
        return image, read_mask(sample), index

    def fitted(self, sizes: Mapping[Sample, Size]) -> tuple[Fitted, ...]:
        """Return what the transforms make of pictures that stand for all; `sizes` come from their headers."""
        return tuple(self._fitted(index, sizes) for index in tried(self.samples, sizes))

    def _fitted(self, index: int, sizes: Mapping[Sample, Size]) -> Fitted:
        sample = self.samples[index]
        with self._random(index, epoch=0):
            data = self._transformed({"img": np.zeros((*sizes[sample], 3), np.float32)}, sample)
        height, width = data["img"].shape[:2]
        return Fitted(sample.named(sample.image), (int(height), int(width)))

    def _random(self, index: int, epoch: int) -> AbstractContextManager[None]:
        # What val takes is never random, and threads may read it: they share the generators.
        return _seeded(self.seed, epoch, index) if self.mode == "train" else nullcontext()

    def _transformed(self, data: dict[str, Any], sample: Sample) -> dict[str, Any]:
        data.update(trans_info=[], gt_fields=[])
        for index, transform in enumerate(self.transforms):
            field = f"{_FIELDS[self.mode]}[{index}]"
            # A new instance every time: some of PaddleSeg's keep what they did to the last picture.
            made = _make(transform, field)
            try:
                data = made(data)
            except Exception as error:
                if is_exhaustion(error):
                    raise
                raise InvalidSettingError(
                    f"{field}: {transform.type} fails on {sample.named(sample.image)} "
                    f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'})"
                ) from error
        return data

    def _reversal(self, height: int, width: int) -> tuple[Reverse, ...]:
        """Return the steps from a prediction of a picture of height x width back to that size."""
        blank = Sample(Path(f"a picture of {width}x{height}"), Path())
        data = self._transformed({"img": np.zeros((height, width, 3), np.float32)}, blank)
        kinds: dict[str, Literal["resize", "crop"]] = {"resize": "resize", "padding": "crop"}
        return tuple(Reverse(kinds[kind], *map(int, shape)) for kind, shape in reversed(data["trans_info"]))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "reversal"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.reversal = lru_cache(maxsize=4096)(self._reversal)


def read_image(sample: Sample) -> NDArray[np.float32]:
    """Return a picture as H x W x 3 RGB values from 0 to 255, as PaddleSeg's Compose reads it."""
    image = cv2.imread(str(sample.image), cv2.IMREAD_COLOR)
    if image is None:
        raise undecodable(sample.image, sample, "cannot be read as a picture")
    rgb: NDArray[np.float32] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.float32)
    return rgb


def read_mask(sample: Sample) -> NDArray[np.uint8]:
    """Return a mask as H x W class ids."""
    try:
        with Image.open(sample.mask) as mask:
            return np.asarray(mask).astype(np.uint8, copy=False)
    except OSError as error:
        if is_exhaustion(error):
            raise
        raise InvalidInputError(f"{sample.named(sample.mask)}: cannot be read as a mask ({error})") from None


def _make(transform: Transform, field: str) -> Any:
    component = manager.TRANSFORMS[transform.type]
    try:
        return component(**transform.arguments())
    except (TypeError, ValueError, AssertionError, KeyError) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidSettingError(f"{field}: {transform.type} refuses its arguments ({message})") from None


@contextmanager
def _seeded(seed: int, epoch: int, index: int) -> Iterator[None]:
    """Seed `random` and numpy's global generator, which PaddleSeg's transforms draw from; restore both."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - PaddleSeg uses it
    words = np.random.SeedSequence((seed, epoch, index)).generate_state(2)
    random.seed(int(words[0]))
    np.random.seed(int(words[1]))  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002

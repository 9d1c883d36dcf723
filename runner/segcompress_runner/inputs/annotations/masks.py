"""The masks of a dataset whose lists name annotations: drawn once, then used like any other masks."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segcompress_api.dataset import Dataset
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.annotations import eiseg, labelme
from segcompress_runner.inputs.annotations.classes import Classes
from segcompress_runner.inputs.annotations.document import read_document
from segcompress_runner.inputs.annotations.faults import AnnotationError
from segcompress_runner.inputs.checks import IN_A_RUN, Manner, picture_size
from segcompress_runner.inputs.lists import Lists, Sample
from segcompress_runner.inputs.parallel import each_of


def with_masks(
    lists: Lists, dataset: Dataset, classes: Classes, into: Path, manner: Manner = IN_A_RUN
) -> Lists:
    """Return `lists` with a mask for each sample, drawn `into` a folder where the lists name annotations.

    Raises InvalidInputError naming the annotation's file, list and line.
    """
    if dataset.format == "PaddleSeg":
        return lists
    into.mkdir(parents=True, exist_ok=True)
    samples = tuple(dict.fromkeys((*lists.train, *lists.val)))
    artist = _Artist(dataset, classes, into)
    drawn: dict[Sample, Sample] = {}
    with manner.each():
        artist.read_shared(samples)
        drawn = dict(each_of(samples, artist.draw, manner.threads, manner.each))
    train, val = (tuple(drawn[one] for one in part if one in drawn) for part in (lists.train, lists.val))
    return Lists(train, val)


@dataclass(frozen=True)
class _Artist:
    dataset: Dataset
    classes: Classes
    into: Path
    shared: dict[Path, Any] = field(default_factory=dict)

    def read_shared(self, samples: Sequence[Sample]) -> None:
        """Read those documents once that several samples name, such as COCO's."""
        times = Counter(sample.mask for sample in samples)
        for sample in samples:
            if times[sample.mask] > 1 and sample.mask not in self.shared:
                with _named(sample):
                    self.shared[sample.mask] = self._read(sample.mask)

    def draw(self, sample: Sample) -> Sample:
        """Draw one mask; return the sample with it."""
        place = self._place(sample)
        size = picture_size(sample)
        with _named(sample):
            shared = self.shared.get(sample.mask)
            mask = self._mask(self._read(sample.mask) if shared is None else shared, sample, size)
        Image.fromarray(mask).save(place, compress_level=1)
        return replace(sample, mask=place, annotation=sample.mask)

    def _place(self, sample: Sample) -> Path:
        pair = f"{sample.image}\n{sample.mask}"
        return self.into / f"{hashlib.sha256(pair.encode()).hexdigest()[:32]}.png"

    def _read(self, path: Path) -> Any:
        document = read_document(path)
        return eiseg.parse(document) if self.dataset.format == "EISeg" else document

    def _mask(self, document: Any, sample: Sample, size: tuple[int, int]) -> NDArray[np.uint8]:
        if self.dataset.format == "EISeg":
            return eiseg.draw(document, self.classes, size, sample.image_name)
        return labelme.draw(document, self.classes, size)


@contextmanager
def _named(sample: Sample) -> Iterator[None]:
    try:
        yield
    except AnnotationError as error:
        raise InvalidInputError(f"{sample.named(sample.mask)}: {error}") from None

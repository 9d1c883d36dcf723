"""What the masks of a dataset hold: the pixels of each class, in the pictures that were looked at. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segcompress_api.dataset import Dataset

IDS = 256
Counts = NDArray[np.int64]
"""Pixels of each of the 256 ids that a mask can hold."""

_MUCH = 0.5


@dataclass
class Tally:
    """Pixels by class id in the masks of one list, and how many pictures were looked at."""

    pictures: int = 0
    pixels: Counts = field(default_factory=lambda: np.zeros(IDS, np.int64))

    def add(self, counts: Counts) -> None:
        """Count one mask in."""
        self.pictures += 1
        self.pixels += counts

    def merge(self, other: "Tally") -> None:
        """Count another tally in."""
        self.pictures += other.pictures
        self.pixels += other.pixels

    def share(self, class_id: int) -> float:
        """Return the share of pixels that hold an id."""
        return float(self.pixels[class_id] / max(int(self.pixels.sum()), 1))


@dataclass(frozen=True)
class Census:
    """What was counted in both lists."""

    train: Tally = field(default_factory=Tally)
    val: Tally = field(default_factory=Tally)

    def merge(self, other: "Census") -> None:
        """Count another census in."""
        self.train.merge(other.train)
        self.val.merge(other.val)


def named(dataset: Dataset, class_id: int) -> str:
    """Return how a message names a class."""
    return f"{class_id} ({dataset.class_names[class_id]})" if dataset.class_names else str(class_id)


def histogram(tally: Tally, dataset: Dataset) -> dict[str, float]:
    """Return the share of each class and of what is ignored, by name."""
    shares = {named(dataset, class_id): tally.share(class_id) for class_id in range(dataset.num_classes)}
    if dataset.ignore_index >= dataset.num_classes:
        shares["ignored"] = tally.share(dataset.ignore_index)
    return shares


def warnings(census: Census, dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Yield field and sentence where counts say that figures will mean little."""
    absent = [named(dataset, one) for one in range(dataset.num_classes) if _absent(census.val, one, dataset)]
    if census.val.pictures and absent:
        problem = f"of {census.val.pictures} validation pictures none holds class {', '.join(absent)}"
        yield "spec.dataset.valList", f"{problem}: its IoU says nothing, and no gate can guard it"
    for name, tally in (("trainList", census.train), ("valList", census.val)):
        ignored = tally.share(dataset.ignore_index)
        if ignored > _MUCH:
            yield f"spec.dataset.{name}", f"{ignored:.0%} of the pixels are ignored (ignoreIndex)"


def _absent(tally: Tally, class_id: int, dataset: Dataset) -> bool:
    return class_id != dataset.ignore_index and not tally.pixels[class_id]

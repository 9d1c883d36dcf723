"""How well a model finds the boundaries of what it segments: the boundary IoU of each class.

Cheng et al., "Boundary IoU" (CVPR 2021, arXiv 2103.16562): the IoU of two inner bands, that of the label and
that of the prediction. A class's band is its pixels within d of its contour; d is 2 % of the picture's
diagonal. As in the authors' own code, a distance is the longer of its two sides, and a picture's edge is a
contour. Nobody knows whether a contour runs through ignored pixels: they make none, and count nowhere.

All classes share two passes over a picture: a pixel lies in its class's band where the least or the
greatest class around it is another one. Counts are integers, so that batches, workers and their order change
no figure.
"""

from dataclasses import dataclass
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from segcompress_api.dataset import Dataset
from segcompress_runner.measurement.confusion import iou
from segcompress_runner.measurement.loading import Picture

WIDTH = 0.02
"""Width of a band, as a share of the picture's diagonal."""

_GREATEST_ID = 255


@dataclass(frozen=True)
class BoundaryIou:
    """Boundary IoU of each class, 0 to 1, and their mean; 0 where neither band holds the class."""

    mean: float
    classes: tuple[float, ...]


class Boundaries:
    """Observes an evaluation, and counts the pixels of bands; may be shared by threads."""

    def __init__(self, dataset: Dataset) -> None:
        self._classes, self._ignored = dataset.num_classes, dataset.ignore_index
        self._counts = np.zeros((3, self._classes), np.int64)
        self._lock = Lock()

    def observe(self, picture: Picture, ids: NDArray[np.uint8]) -> None:
        """Count the bands in the label and in the prediction of one picture."""
        counts = count(picture.label, ids, self._classes, self._ignored)
        with self._lock:
            self._counts += counts

    def scores(self) -> BoundaryIou:
        """Return the figures over all pictures that were observed."""
        classes = iou(*self._counts)
        return BoundaryIou(float(np.mean(classes)), tuple(classes.tolist()))


def count(
    label: NDArray[np.uint8], predicted: NDArray[np.uint8], classes: int, ignored: int
) -> NDArray[np.int64]:
    """Return 3 x classes numbers of pixels: in both bands of a class, in the label's, in the prediction's."""
    known, distance = label != ignored, reach(*label.shape)
    in_label, in_predicted = (band(ids, known, distance) for ids in (label, predicted))
    shared = in_label & in_predicted & (label == predicted)
    pairs = ((label, shared), (label, in_label), (predicted, in_predicted))
    return np.stack([np.bincount(ids[where], minlength=classes) for ids, where in pairs])


def reach(height: int, width: int) -> int:
    """Return d in pixels for a picture of that size, at least 1."""
    return max(round(WIDTH * float(np.hypot(height, width))), 1)


def band(ids: NDArray[np.uint8], known: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """Return which known pixels have another known class, or the picture's edge, within `distance`."""
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * distance + 1, 2 * distance + 1))
    least = cv2.erode(np.where(known, ids, np.uint8(_GREATEST_ID)), square)
    greatest = cv2.dilate(np.where(known, ids, np.uint8(0)), square)
    near: NDArray[np.bool_] = (least != ids) | (greatest != ids)
    for edge in (near[:distance], near[-distance:], near[:, :distance], near[:, -distance:]):
        edge[:] = True
    return near & known

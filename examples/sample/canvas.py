"""A picture and its label, painted together, so that the label is exact by construction.

It knows polygons and surfaces; what a polygon means is the caller's matter.
"""

import cv2
import numpy as np
import numpy.typing as npt

from surfaces import Pixels, Rng, Surface, render

Point = tuple[float, float]
"""x to the right, y downwards, in pixels."""
Polygon = npt.NDArray[np.float32]
"""Corners, n × 2."""

_SUBPIXEL_BITS = 4


class Canvas:
    """Pixels and, for each, the share of it that a person covers (0..1)."""

    def __init__(self, pixels: Pixels, rng: Rng) -> None:
        self.pixels = pixels
        self.cover: npt.NDArray[np.float32] = np.zeros(pixels.shape[:2], np.float32)
        self._rng = rng

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    def paint(self, polygon: Polygon, surface: Surface, *, person: bool) -> None:
        """Fill a polygon with a surface; it becomes part of a person, or hides what lies behind it."""
        left, top = np.floor(polygon.min(axis=0)).astype(int) - 1
        right, bottom = np.ceil(polygon.max(axis=0)).astype(int) + 2
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, self.width), min(bottom, self.height)
        if right <= left or bottom <= top:
            return
        coverage = np.zeros((bottom - top, right - left), np.uint8)
        corners = np.round((polygon - np.array([left, top])) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        cv2.fillPoly(coverage, [corners], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        alpha = coverage.astype(np.float32) / 255
        box = (slice(top, bottom), slice(left, right))
        paint = render(surface, bottom - top, right - left, self._rng)
        self.pixels[box] += (paint - self.pixels[box]) * alpha[..., None]
        self.cover[box] += (float(person) - self.cover[box]) * alpha

    def label(self) -> npt.NDArray[np.uint8]:
        """Return the class id of each pixel: 1 where a person covers at least half of it, else 0."""
        return (self.cover >= 0.5).astype(np.uint8)  # noqa: PLR2004


def ellipse(centre: Point, radii: Point, angle: float = 0.0, corners: int = 28) -> Polygon:
    """Return an ellipse turned by `angle` radians."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y = radii[0] * np.cos(turn), radii[1] * np.sin(turn)
    cos, sin = np.cos(angle), np.sin(angle)
    outline = np.stack([centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos], axis=1)
    return np.asarray(outline, np.float32)


def limb(start: Point, end: Point, start_radius: float, end_radius: float) -> Polygon:
    """Return the hull of two circles, as an arm or a leg looks."""
    circles = [ellipse(start, (start_radius,) * 2, corners=14), ellipse(end, (end_radius,) * 2, corners=14)]
    return hull(np.concatenate(circles))


def box(centre: Point, size: Point) -> Polygon:
    """Return an upright rectangle of a width and a height."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array(size) / 2
    return np.asarray(np.array(centre) + corners, np.float32)


def hull(points: Polygon) -> Polygon:
    """Return the convex hull of points."""
    return np.asarray(cv2.convexHull(points)[:, 0], np.float32)


def wobbly(polygon: Polygon, strength: float, rng: Rng) -> Polygon:
    """Return a polygon whose corners moved by about `strength` pixels, as folds of cloth and hair do."""
    return np.asarray(polygon + rng.normal(0, strength, polygon.shape), np.float32)

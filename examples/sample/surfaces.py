"""What things in the sample's pictures are made of: colours and textures, drawn at random.

It exists so that neither a person nor the background can be told apart by colour alone: both are painted with
the same kinds of surface. It knows no shapes and no labels.
"""

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]
"""Blue, green, red in 0..255, height × width × 3."""
Rng = np.random.Generator
Colour = tuple[float, float, float]

SKINS: tuple[Colour, ...] = (
    (172, 200, 236),
    (140, 178, 226),
    (118, 156, 208),
    (86, 124, 178),
    (62, 92, 140),
    (42, 62, 98),
)
HAIRS: tuple[Colour, ...] = (
    (22, 22, 28),
    (30, 44, 66),
    (46, 76, 120),
    (110, 170, 210),
    (150, 150, 155),
    (36, 58, 150),
)
_DOT_EDGE = 1.2


class Pattern(Enum):
    """How a surface's two colours share it."""

    PLAIN = "plain"
    STRIPES = "stripes"
    CHECKS = "checks"
    DOTS = "dots"
    CLOUDS = "clouds"


@dataclass(frozen=True)
class Surface:
    """A material: two colours in a pattern, its period in pixels, its angle in radians, lit from one side."""

    first: Colour
    second: Colour
    pattern: Pattern
    period: float
    angle: float
    shade: float


def chance(rng: Rng, probability: float) -> bool:
    """Return True with a probability."""
    return bool(rng.random() < probability)


def near(colour: Colour, spread: float, rng: Rng) -> Colour:
    """Return a colour at random near another, each channel by at most about two spreads."""
    blue, green, red = np.clip(np.asarray(colour) + rng.normal(0, spread, 3) + rng.normal(0, spread), 0, 255)
    return float(blue), float(green), float(red)


def any_colour(rng: Rng) -> Colour:
    """Return a colour as things in streets and rooms have it: mostly muted, at times vivid."""
    hue, value = rng.uniform(0, 180), rng.uniform(20, 240)
    saturation = rng.uniform(0, 90) if chance(rng, 0.7) else rng.uniform(90, 230)
    hsv = np.array([[[hue, saturation, value]]], np.uint8)
    blue, green, red = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0]
    return float(blue), float(green), float(red)


def any_surface(rng: Rng, size: float, first: Colour | None = None) -> Surface:
    """Return a material at random for a thing of about `size` pixels."""
    base = any_colour(rng) if first is None else first
    other = any_colour(rng) if chance(rng, 0.5) else near(base, 30, rng)
    pattern = rng.choice(np.array(list(Pattern), object), p=[0.4, 0.18, 0.12, 0.08, 0.22])
    return Surface(
        first=base,
        second=other,
        pattern=pattern,
        period=float(max(4.0, size * rng.uniform(0.05, 0.5))),
        angle=float(rng.uniform(0, np.pi)),
        shade=float(rng.uniform(0.0, 0.5)),
    )


def plain(colour: Colour, rng: Rng, shade: float = 0.3) -> Surface:
    """Return a material of one colour, as skin and hair are."""
    return Surface(colour, near(colour, 10, rng), Pattern.CLOUDS, 12.0, float(rng.uniform(0, np.pi)), shade)


def render(surface: Surface, height: int, width: int, rng: Rng) -> Pixels:
    """Return height × width pixels of a material."""
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None, :]
    cos, sin = np.float32(np.cos(surface.angle)), np.float32(np.sin(surface.angle))
    along, across = columns * cos + rows * sin, rows * cos - columns * sin
    first, second = (np.array(colour, np.float32) for colour in (surface.first, surface.second))
    reach = np.float32(abs(cos) * width + abs(sin) * height)
    light = 1 - np.float32(surface.shade) * (along / reach + np.float32(0.2))
    share = _share(surface, along, across, rng)[..., None]
    return np.asarray((first + (second - first) * share) * light[..., None], np.float32)


def clouds(height: int, width: int, period: float, rng: Rng) -> npt.NDArray[np.float32]:
    """Return smooth noise in 0..1 whose blots are about `period` pixels wide."""
    cells = (max(2, int(height / period) + 2), max(2, int(width / period) + 2))
    coarse = rng.random(cells, dtype=np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(smooth, 0, 1), np.float32)


def _share(
    surface: Surface, along: npt.NDArray[np.float32], across: npt.NDArray[np.float32], rng: Rng
) -> npt.NDArray[np.float32]:
    """Return how much of the second colour each pixel has, 0..1."""
    turn = np.float32(2 * np.pi / surface.period)
    match surface.pattern:
        case Pattern.PLAIN:
            share = np.zeros((1, 1), np.float32)
        case Pattern.STRIPES:
            share = np.sin(along * turn) > 0
        case Pattern.CHECKS:
            share = np.sin(along * turn) * np.sin(across * turn) > 0
        case Pattern.DOTS:
            share = np.sin(along * turn) + np.sin(across * turn) > _DOT_EDGE
        case Pattern.CLOUDS:
            share = clouds(along.shape[0], along.shape[1], surface.period, rng)
    return np.asarray(share, np.float32)

"""A whole picture of the sample: background, clutter, persons, what stands before them, and the camera.

`draw_scene` is a pure function of its generator: same generator state, same picture.
"""

import cv2
import numpy as np
import numpy.typing as npt

from canvas import Canvas, Point, box, ellipse, limb, wobbly
from people import draw_outfit, draw_skeleton, paint_person
from surfaces import (
    SKINS,
    Colour,
    Pixels,
    Rng,
    Surface,
    any_colour,
    any_surface,
    chance,
    clouds,
    near,
    render,
)

Picture = npt.NDArray[np.uint8]

SIZES: tuple[tuple[int, int], ...] = (
    (320, 240),
    (240, 320),
    (320, 214),
    (300, 240),
    (256, 256),
    (276, 184),
    (240, 360),
)
"""Width and height of the pictures."""


def draw_scene(rng: Rng) -> tuple[Picture, Picture]:
    """Return a picture (height × width × 3, blue first) and its label (height × width, 1 for person)."""
    width, height = SIZES[rng.integers(len(SIZES))]
    canvas = Canvas(_background(height, width, rng), rng)
    for _ in range(rng.integers(1, 9)):
        _paint_clutter(canvas, rng)
    portrait = rng.random() < 0.45  # noqa: PLR2004
    canvas.pixels = _recede(canvas.pixels, portrait, rng)
    for _ in range(int(rng.choice([1, 2, 3], p=[0.72, 0.21, 0.07]))):
        _place_person(canvas, portrait, rng)
    if chance(rng, 0.4):
        _paint_occluder(canvas, rng)
    return _photograph(canvas.pixels, rng), canvas.label()


def _background(height: int, width: int, rng: Rng) -> Pixels:
    """Return a wall, or a wall and a floor that meet at a horizon, or sky and ground."""
    size = float(max(height, width))
    pixels = render(any_surface(rng, size), height, width, rng)
    if chance(rng, 0.7):
        horizon = int(height * rng.uniform(0.35, 0.85))
        pixels[horizon:] = render(any_surface(rng, size), height - horizon, width, rng)
    light = 1 + rng.uniform(0, 0.6) * (clouds(height, width, size * rng.uniform(0.1, 0.6), rng) - 0.5)
    return np.clip(pixels * light[..., None], 0, 255).astype(np.float32)


def _paint_clutter(canvas: Canvas, rng: Rng) -> None:
    """Paint a thing that is not a person: a board, a blob, a post, or a tree that stands like one."""
    size = float(rng.uniform(0.05, 0.45) * canvas.height)
    at = (float(rng.uniform(0, canvas.width)), float(rng.uniform(0.1, 1.0) * canvas.height))
    surface = _clutter_surface(size, rng)
    match int(rng.integers(5)):
        case 0:
            outline = wobbly(box(at, (size * rng.uniform(0.3, 1.5), size)), size * 0.03, rng)
        case 1:
            blob = ellipse(at, (size * 0.6, size * rng.uniform(0.3, 0.9)), rng.uniform(0, 3), 16)
            outline = wobbly(blob, size * 0.06, rng)
        case 2:
            top = (at[0] + rng.normal(0, 0.3) * size, at[1] - 2 * size)
            outline = limb(at, top, size * 0.08, size * 0.06)
        case 3:
            outline = np.asarray(np.array(at) + rng.normal(0, size * 0.5, (5, 2)), np.float32)
        case _:
            _paint_standing(canvas, at, size, rng)
            return
    canvas.paint(outline, surface, person=False)


def _clutter_surface(size: float, rng: Rng) -> Surface:
    colour: Colour = any_colour(rng)
    if chance(rng, 0.05):
        colour = near(SKINS[rng.integers(len(SKINS))], 12, rng)
    return any_surface(rng, size, colour)


def _paint_standing(canvas: Canvas, foot: Point, size: float, rng: Rng) -> None:
    """Paint a round thing on a trunk (a tree, a lamp, a road sign), easily mistaken for a person."""
    top = (foot[0] + rng.normal(0, 0.1) * size, foot[1] - size * rng.uniform(1.0, 2.0))
    crown = ellipse(top, (size * rng.uniform(0.2, 0.6), size * rng.uniform(0.2, 0.6)))
    trunk = limb(foot, top, size * rng.uniform(0.05, 0.2), size * 0.06)
    canvas.paint(trunk, any_surface(rng, size), person=False)
    canvas.paint(wobbly(crown, size * rng.uniform(0, 0.05), rng), _clutter_surface(size, rng), person=False)


def _place_person(canvas: Canvas, portrait: bool, rng: Rng) -> None:  # noqa: FBT001
    short = min(canvas.height, canvas.width)
    if portrait:
        unit = short * rng.uniform(0.22, 0.45)
        neck_y = canvas.height * rng.uniform(0.45, 0.65)
    else:
        unit = canvas.height * rng.uniform(0.45, 1.1) / 7.5
        neck_y = canvas.height * rng.uniform(0.75, 0.98) - 6.2 * unit
        neck_y = max(neck_y, 1.4 * unit)
    neck = (float(canvas.width * rng.uniform(0.15, 0.85)), float(neck_y))
    paint_person(canvas, draw_skeleton(neck, float(unit), rng), draw_outfit(float(unit), rng), rng)


def _paint_occluder(canvas: Canvas, rng: Rng) -> None:
    """Paint a table, a post or a leaf before the persons."""
    height, width = canvas.height, canvas.width
    surface = any_surface(rng, height * 0.4)
    match int(rng.integers(3)):
        case 0:
            middle = (width * rng.uniform(0.2, 0.8), height * rng.uniform(0.88, 1.05))
            outline = wobbly(box(middle, (width * rng.uniform(0.3, 1.2), height * 0.25)), 3.0, rng)
        case 1:
            x = width * rng.uniform(0.1, 0.9)
            foot = (x + rng.normal(0, 8), float(height))
            outline = limb((x, 0.0), foot, rng.uniform(2, 7), rng.uniform(2, 7))
        case _:
            radii = (width * rng.uniform(0.05, 0.15), height * rng.uniform(0.05, 0.15))
            middle = (width * rng.random(), height * rng.uniform(0.6, 1))
            outline = wobbly(ellipse(middle, radii, corners=14), 3.0, rng)
    canvas.paint(outline, surface, person=False)


def _recede(pixels: Pixels, portrait: bool, rng: Rng) -> Pixels:  # noqa: FBT001
    """Return what lies behind the persons, a little hazy and out of focus, more so in a portrait."""
    kept = np.float32(rng.uniform(0.35, 0.8))
    haze = pixels.mean(axis=(0, 1), keepdims=True)
    return _defocus(
        haze + (pixels - haze) * kept, rng.uniform(1.0, 4.0) if portrait else rng.uniform(0.3, 2.0)
    )


def _defocus(pixels: Pixels, sigma: float) -> Pixels:
    if sigma < 0.5:  # noqa: PLR2004
        return pixels
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.float32)


def _photograph(pixels: Pixels, rng: Rng) -> Picture:
    """Return what a camera makes of a scene: cast, contrast, exposure, softness and noise."""
    gain = rng.normal(1, 0.07, 3).astype(np.float32) * np.float32(rng.uniform(0.7, 1.1))
    exposed = pixels * gain + np.float32(rng.normal(12, 18))
    seen = _defocus(exposed, rng.uniform(0.3, 1.4))
    noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(1, 7))
    return np.asarray(np.clip(np.round(seen + noise), 0, 255), np.uint8)

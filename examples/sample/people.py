"""Persons of the sample: a skeleton in a pose at random, dressed and painted from back to front.

Lengths are in heads (the height of the person's head), so that one description serves a portrait and a far
passer-by. Everything painted here is labelled a person, hats and bags too.
"""

from dataclasses import dataclass

import numpy as np

from canvas import Canvas, Point, box, ellipse, hull, limb, wobbly
from surfaces import HAIRS, SKINS, Rng, Surface, any_surface, chance, near, plain

_SIDES = (-1, 1)


@dataclass(frozen=True)
class Arm:
    """Joints of an arm."""

    shoulder: Point
    elbow: Point
    hand: Point


@dataclass(frozen=True)
class Leg:
    """Joints of a leg."""

    hip: Point
    knee: Point
    foot: Point


@dataclass(frozen=True)
class Skeleton:
    """Joints in pixels; `head` is its middle, `unit` one head, `tilt` the head's turn in radians."""

    unit: float
    neck: Point
    head: Point
    tilt: float
    arms: tuple[Arm, Arm]
    legs: tuple[Leg, Leg]


@dataclass(frozen=True)
class Outfit:
    """What a person is made of and wears; `girth` widens or narrows body and limbs, 1 being usual."""

    skin: Surface
    hair: Surface
    top: Surface
    bottom: Surface
    shoes: Surface
    extra: Surface
    long_sleeves: bool
    skirt: bool
    coat: bool
    long_hair: bool
    hat: bool
    bag: bool
    girth: float


def draw_skeleton(neck: Point, unit: float, rng: Rng) -> Skeleton:
    """Return a pose at random: standing, walking or sitting, seen from the front or from aside."""
    breadth = rng.uniform(0.45, 1.0)
    build = rng.uniform(0.75, 1.05)
    lean = rng.normal(0, 0.12)
    hips = _swing(neck, 2.6 * build * unit, lean)
    tilt = rng.normal(0, 0.18) - lean
    left_arm, right_arm = (_draw_arm(neck, side, (unit, breadth, build), rng) for side in _SIDES)
    sitting = rng.random() < 0.15  # noqa: PLR2004
    left_leg, right_leg = (_draw_leg(hips, side, (unit, breadth, build), sitting, rng) for side in _SIDES)
    head = _swing(neck, -0.8 * unit, tilt)
    return Skeleton(unit, neck, head, tilt, (left_arm, right_arm), (left_leg, right_leg))


def draw_outfit(unit: float, rng: Rng) -> Outfit:
    """Return clothes at random; cloth has any colour and pattern, the background's too."""
    skin = near(SKINS[rng.integers(len(SKINS))], 9, rng)
    hair = near(HAIRS[rng.integers(len(HAIRS))], 9, rng)
    return Outfit(
        skin=plain(skin, rng),
        hair=plain(hair, rng, 0.5),
        top=any_surface(rng, unit * 2.0),
        bottom=any_surface(rng, unit * 1.5),
        shoes=any_surface(rng, unit * 0.5),
        extra=any_surface(rng, unit * 0.8),
        long_sleeves=chance(rng, 0.65),
        skirt=chance(rng, 0.2),
        coat=chance(rng, 0.3),
        long_hair=chance(rng, 0.45),
        hat=chance(rng, 0.2),
        bag=chance(rng, 0.25),
        girth=float(rng.uniform(0.8, 1.35)),
    )


def paint_person(canvas: Canvas, body: Skeleton, outfit: Outfit, rng: Rng) -> None:
    """Paint a person from back to front."""
    first, second = rng.permutation(2)
    if outfit.long_hair:
        _paint_long_hair(canvas, body, outfit, rng)
    _paint_arm(canvas, body, body.arms[first], outfit)
    _paint_legs(canvas, body, outfit, rng)
    _paint_torso(canvas, body, outfit, rng)
    _paint_head(canvas, body, outfit, rng)
    _paint_arm(canvas, body, body.arms[second], outfit)
    if outfit.bag:
        _paint_bag(canvas, body, outfit, rng)


def _draw_arm(neck: Point, side: int, size: tuple[float, float, float], rng: Rng) -> Arm:
    unit, breadth, build = size
    shoulder = (neck[0] + side * 0.85 * breadth * unit, neck[1] + 0.3 * unit)
    raised = rng.random() < 0.2  # noqa: PLR2004
    upper = side * (rng.uniform(0.9, 2.6) if raised else rng.uniform(-0.1, 0.7))
    fore = upper - side * rng.uniform(-0.2, 2.2 if chance(rng, 0.4) else 0.5)
    elbow = _swing(shoulder, 1.35 * build * unit, upper)
    return Arm(shoulder, elbow, _swing(elbow, 1.25 * build * unit, fore))


def _draw_leg(hips: Point, side: int, size: tuple[float, float, float], sitting: bool, rng: Rng) -> Leg:  # noqa: FBT001
    unit, breadth, build = size
    hip = (hips[0] + side * 0.38 * breadth * unit, hips[1])
    upper = side * rng.uniform(0.6, 1.3) if sitting else rng.normal(side * 0.08, 0.22)
    lower = rng.normal(0, 0.1) if sitting else upper * rng.uniform(-0.6, 1.1)
    knee = _swing(hip, 1.9 * build * unit, upper)
    return Leg(hip, knee, _swing(knee, 1.9 * build * unit, lower))


def _swing(joint: Point, length: float, angle: float) -> Point:
    """Return the other end of a bone that hangs from a joint, `angle` radians from straight down."""
    return joint[0] + length * float(np.sin(angle)), joint[1] + length * float(np.cos(angle))


def _paint_arm(canvas: Canvas, body: Skeleton, arm: Arm, outfit: Outfit) -> None:
    thick = 0.27 * body.unit * outfit.girth**0.5
    fore = outfit.top if outfit.long_sleeves else outfit.skin
    canvas.paint(ellipse(arm.hand, (thick * 0.85, thick * 0.95)), outfit.skin, person=True)
    canvas.paint(limb(arm.elbow, arm.hand, thick * 0.85, thick * 0.6), fore, person=True)
    canvas.paint(limb(arm.shoulder, arm.elbow, thick * 1.1, thick * 0.9), outfit.top, person=True)


def _paint_legs(canvas: Canvas, body: Skeleton, outfit: Outfit, rng: Rng) -> None:
    thick = 0.36 * body.unit * outfit.girth**0.5
    for leg in body.legs:
        toe = (leg.foot[0] + rng.uniform(-0.45, 0.45) * body.unit, leg.foot[1] + 0.12 * body.unit)
        canvas.paint(limb(leg.foot, toe, thick * 0.5, thick * 0.4), outfit.shoes, person=True)
        lower = outfit.skin if outfit.skirt else outfit.bottom
        canvas.paint(limb(leg.knee, leg.foot, thick * 0.75, thick * 0.5), lower, person=True)
        canvas.paint(limb(leg.hip, leg.knee, thick * 1.1, thick * 0.8), outfit.bottom, person=True)
    if outfit.skirt:
        left, right = body.legs
        knees = limb(left.knee, right.knee, thick * 1.1, thick * 1.1)
        outline = np.concatenate([limb(left.hip, right.hip, thick, thick), knees])
        canvas.paint(wobbly(hull(outline), 0.03 * body.unit, rng), outfit.bottom, person=True)


def _paint_torso(canvas: Canvas, body: Skeleton, outfit: Outfit, rng: Rng) -> None:
    unit, girth = body.unit, outfit.girth
    (left_arm, right_arm), (left_leg, right_leg) = body.arms, body.legs
    waist = 0.36 * unit * girth
    canvas.paint(limb(body.neck, body.head, 0.24 * unit, 0.22 * unit), outfit.skin, person=True)
    parts = [
        limb(left_arm.shoulder, right_arm.shoulder, 0.3 * unit, 0.3 * unit),
        limb(left_leg.hip, right_leg.hip, waist, waist),
        ellipse((body.neck[0], body.neck[1] + 0.15 * unit), (0.3 * unit, 0.15 * unit)),
    ]
    if outfit.coat:
        parts += [ellipse(_between(leg.hip, leg.knee, 0.6), (0.5 * unit * girth,) * 2) for leg in body.legs]
    canvas.paint(wobbly(hull(np.concatenate(parts)), 0.025 * unit, rng), outfit.top, person=True)


def _paint_head(canvas: Canvas, body: Skeleton, outfit: Outfit, rng: Rng) -> None:
    unit, head, tilt = body.unit, body.head, body.tilt
    crown = _swing(head, -0.16 * unit, tilt)
    skull = wobbly(ellipse(crown, (0.45 * unit, 0.46 * unit), -tilt), 0.015 * unit, rng)
    canvas.paint(skull, outfit.hair, person=True)
    facing = rng.random() < 0.8  # noqa: PLR2004
    if facing:
        aside = (head[0] + rng.normal(0, 0.06) * unit, head[1] + 0.08 * unit)
        canvas.paint(ellipse(aside, (0.36 * unit, 0.45 * unit), -tilt), outfit.skin, person=True)
        _paint_face(canvas, aside, unit, outfit, rng)
    if outfit.hat:
        brim = _swing(head, -0.32 * unit, tilt)
        crown = _swing(head, -0.5 * unit, tilt)
        canvas.paint(ellipse(crown, (0.42 * unit, 0.32 * unit), -tilt), outfit.extra, person=True)
        width = rng.uniform(0.45, 0.75) * unit
        canvas.paint(ellipse(brim, (width, 0.1 * unit), -tilt), outfit.extra, person=True)


def _paint_face(canvas: Canvas, face: Point, unit: float, outfit: Outfit, rng: Rng) -> None:
    dark = plain(near((30, 30, 40), 8, rng), rng)
    red = plain(near((80, 70, 160), 15, rng), rng)
    for side in _SIDES:
        eye = (face[0] + side * 0.15 * unit, face[1] - 0.08 * unit)
        canvas.paint(ellipse(eye, (0.06 * unit, 0.035 * unit)), dark, person=True)
        brow = (eye[0], eye[1] - 0.09 * unit)
        canvas.paint(ellipse(brow, (0.09 * unit, 0.02 * unit)), outfit.hair, person=True)
    mouth = (face[0], face[1] + 0.22 * unit)
    canvas.paint(ellipse(mouth, (0.11 * unit, 0.03 * unit)), red, person=True)


def _paint_long_hair(canvas: Canvas, body: Skeleton, outfit: Outfit, rng: Rng) -> None:
    unit = body.unit
    fall = (body.neck[0], body.neck[1] + rng.uniform(0.0, 0.9) * unit)
    ends = [ellipse(body.head, (0.5 * unit, 0.5 * unit)), ellipse(fall, (0.5 * unit, 0.3 * unit))]
    canvas.paint(wobbly(hull(np.concatenate(ends)), 0.03 * unit, rng), outfit.hair, person=True)


def _paint_bag(canvas: Canvas, body: Skeleton, outfit: Outfit, rng: Rng) -> None:
    hand = body.arms[rng.integers(2)].hand
    half = rng.uniform(0.35, 0.7) * body.unit
    top = hand[1] + 0.15 * body.unit
    outline = box((hand[0], top + half / 2), (2 * half, half))
    canvas.paint(wobbly(outline, 0.06 * body.unit, rng), outfit.extra, person=True)


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share

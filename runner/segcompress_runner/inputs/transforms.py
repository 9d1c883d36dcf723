"""The PaddleSeg transforms that a spec may name, and the arguments that each takes.

A closed table, checked without importing anything: PaddleSeg itself looks classes up by name in a registry
and passes what it finds. Only `dataset` makes instances. Source: paddleseg 2.8.0, transforms/transforms.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from segcompress_api.dataset import Dataset, Transform
from segcompress_api.errors import nearest
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.findings import Checks


@dataclass(frozen=True)
class Signature:
    """A transform's arguments; `repeatable` where it gives the same picture every time and can be undone."""

    arguments: tuple[str, ...]
    required: tuple[str, ...] = ()
    repeatable: bool = False


_PADDING = ("im_padding_value", "label_padding_value")

SIGNATURES: dict[str, Signature] = {
    "LimitLong": Signature(("max_long", "min_long"), repeatable=True),
    "Normalize": Signature(("mean", "std"), repeatable=True),
    "Padding": Signature(("target_size", *_PADDING), ("target_size",), repeatable=True),
    "PaddingByAspectRatio": Signature(("aspect_ratio", *_PADDING), repeatable=True),
    "RandomAffine": Signature(
        (
            "size",
            "translation_offset",
            "max_rotation",
            "min_scale_factor",
            "max_scale_factor",
            *_PADDING,
        )
    ),
    "RandomBlur": Signature(("prob", "blur_type")),
    "RandomCenterCrop": Signature(("retain_ratio",)),
    "RandomDistort": Signature(
        (
            "brightness_range",
            "brightness_prob",
            "contrast_range",
            "contrast_prob",
            "saturation_range",
            "saturation_prob",
            "hue_range",
            "hue_prob",
            "sharpness_range",
            "sharpness_prob",
        )
    ),
    "RandomHorizontalFlip": Signature(("prob",)),
    "RandomNoise": Signature(("prob", "max_sigma")),
    "RandomPaddingCrop": Signature(
        ("crop_size", *_PADDING, "category_max_ratio", "ignore_index", "loop_times")
    ),
    "RandomRotation": Signature(("max_rotation", *_PADDING)),
    "RandomScaleAspect": Signature(("min_scale", "aspect_ratio")),
    "RandomVerticalFlip": Signature(("prob",)),
    "Resize": Signature(("target_size", "keep_ratio", "size_divisor", "interp"), repeatable=True),
    "ResizeByLong": Signature(("long_size",), ("long_size",), repeatable=True),
    "ResizeByShort": Signature(("short_size", "max_size"), ("short_size",), repeatable=True),
    "ResizeRangeScaling": Signature(("min_value", "max_value")),
    "ResizeStepScaling": Signature(("min_scale_factor", "max_scale_factor", "scale_step_size")),
    "ScalePadding": Signature(("target_size", *_PADDING)),
}
"""Left out of PaddleSeg's registry: Compose (the list itself) and GenerateInstanceTargets (no picture)."""


def check_transforms(dataset: Dataset) -> None:
    """Raise InvalidSettingError where a transform or an argument is unknown, missing or of no use."""
    for check in transform_checks(dataset):
        check()


FIELDS = ("spec.dataset.trainTransforms", "spec.dataset.valTransforms")


def transform_checks(dataset: Dataset, fields: tuple[str, str] = FIELDS) -> Checks:
    """Yield a check for each transform, of training and validation; each raises InvalidSettingError."""
    train, val = fields
    for index, transform in enumerate(dataset.train_transforms):
        yield partial(_check, transform, f"{train}[{index}]")
    for index, transform in enumerate(dataset.val_transforms):
        yield partial(_check_of_validation, transform, f"{val}[{index}]")


def check_list(transforms: Sequence[Transform], field: str) -> None:
    """Check names and arguments of one list, in a spec's words."""
    for index, transform in enumerate(transforms):
        _check(transform, f"{field}[{index}]")


def _check_of_validation(transform: Transform, field: str) -> None:
    _check(transform, field)
    _check_repeatable(transform, field)


def _check(transform: Transform, field: str) -> None:
    signature = SIGNATURES.get(transform.type)
    if signature is None:
        remedy = _did_you_mean(transform.type, tuple(SIGNATURES))
        raise InvalidSettingError(
            f"{field}.type: {transform.type} is not a known PaddleSeg transform; {remedy}"
        )
    given = transform.arguments()
    for name in given:
        if name not in signature.arguments:
            remedy = _did_you_mean(name, signature.arguments)
            raise InvalidSettingError(f"{field}.{name}: {transform.type} has no such argument; {remedy}")
    for name in signature.required:
        if name not in given:
            raise InvalidSettingError(f"{field}.{name}: is required by {transform.type} and missing")
    ratio = given.get("category_max_ratio", 1.0)
    if ratio != 1.0:
        # PaddleSeg 2.8.0 puts the mask in the picture's place then (RandomPaddingCrop.__call__).
        raise InvalidSettingError(f"{field}.category_max_ratio: is broken in PaddleSeg 2.8.0; leave it out")


def _check_repeatable(transform: Transform, field: str) -> None:
    if not SIGNATURES[transform.type].repeatable:
        usable = ", ".join(name for name, signature in SIGNATURES.items() if signature.repeatable)
        raise InvalidSettingError(
            f"{field}.type: {transform.type} cannot be undone on a prediction, which must be compared "
            f"with the mask; valTransforms accept {usable}"
        )
    given = transform.arguments()
    if given.get("interp") == "RANDOM" or isinstance(given.get("short_size"), list):
        raise InvalidSettingError(
            f"{field}: {transform.type} is random with these arguments; an evaluation must be repeatable"
        )


def _did_you_mean(name: str, known: tuple[str, ...]) -> str:
    match = nearest(name, known)
    return f"did you mean {match}?" if match else f"known are: {', '.join(known)}"

"""The model section of a PaddleSeg configuration: which network, with which arguments. Imports no Paddle.

PaddleSeg looks classes up by name and passes on whatever it finds, though some constructors evaluate a string
as Python, and most download what `pretrained` names. So a section may hold numbers, plain words, lists and
mappings of them, and nothing is fetched. The rest of the file is about a training and has no effect.
Source: paddleseg 2.8.0: cvlibs/builder.py, models/pp_liteseg.py (arm_type), backbones/cae.py (norm_layer).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segcompress_api.errors import shown
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.safe_load import UnsafeYamlError, load_document

CONFIG_FIELD = "spec.model.paddleseg.configUri"
_MODEL, _TYPE, _CLASSES, _BASE = "model", "type", "num_classes", "_base_"
_INHERITANCE = "_inherited_"
"""Tells PaddleSeg how to merge a section with its base's."""

_PRETRAINED = "pretrained"
_WORD = re.compile(r"(nn\.)?[A-Za-z][A-Za-z0-9_]*")
_DEEPEST = 16


@dataclass(frozen=True)
class Section:
    """A network's class (`type`) and arguments, and sentences on what of the file has no effect."""

    arguments: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    """Files that the configuration builds on, none of which is read."""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what is built: comments and other sections have no part in it."""
        text = json.dumps(self.arguments, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def incomplete(self) -> str:
        """Return what to add to a complaint, since an argument may be missing that a base would give."""
        if not self.bases:
            return ""
        return f"; {', '.join(self.bases)} ({_BASE}) is not read, so write out all of the model section"


def read_section(uri: str, content: bytes, classes: int) -> Section:
    """Return the model section of the configuration at `uri`, for a dataset of `classes`.

    Raises InvalidSettingError naming the key.
    """
    try:
        document = load_document(content)
    except UnsafeYamlError as error:
        raise wrong_config(uri, str(error)) from None
    return _Reader(uri).section(document, classes)


def wrong_config(uri: str, problem: str) -> InvalidSettingError:
    """Return the error of a configuration, led by the spec's field."""
    return InvalidSettingError(f"{CONFIG_FIELD}: {problem} (in {uri})")


class _Reader:
    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._notes: list[str] = []

    def section(self, document: object, classes: int) -> Section:
        if not isinstance(document, dict):
            raise wrong_config(self._uri, f"must be a PaddleSeg configuration, got {shown(document)}")
        bases = self._bases(document.get(_BASE))
        model = document.get(_MODEL)
        if not isinstance(model, dict):
            missing = Section({}, bases=bases).incomplete or ", such as {type: BiSeNetV2, num_classes: 19}"
            raise wrong_config(self._uri, f"{_MODEL}: must be a mapping, got {shown(model)}{missing}")
        self._check_types(model, bases)
        others = sorted(set(document) - {_MODEL, _BASE})
        if others:
            self._notes.append(f"{CONFIG_FIELD}: without effect are {', '.join(others)}")
        arguments = self._mapping(model, _MODEL, 0)
        return Section(self._with_classes(arguments, classes), tuple(self._notes), bases)

    def _bases(self, value: object) -> tuple[str, ...]:
        bases = tuple(map(str, value)) if isinstance(value, list) else () if value is None else (str(value),)
        if bases:
            self._notes.append(f"{CONFIG_FIELD}: {', '.join(bases)} ({_BASE}) is not read")
        return bases

    def _check_types(self, model: Mapping[str, Any], bases: tuple[str, ...]) -> None:
        """Refuse a section that names no class: PaddleSeg would take it from a base."""
        parts = {_MODEL: model}
        if isinstance(model.get("backbone"), dict):
            parts[f"{_MODEL}.backbone"] = model["backbone"]
        for key, part in parts.items():
            if not isinstance(part.get(_TYPE), str):
                missing = Section({}, bases=bases).incomplete
                raise wrong_config(self._uri, f"{key}.{_TYPE}: is required and missing{missing}")

    def _with_classes(self, arguments: dict[str, Any], classes: int) -> dict[str, Any]:
        """Return the arguments with the number of classes, which PaddleSeg may take from a dataset, too."""
        given = arguments.get(_CLASSES)
        if given is None:
            self._notes.append(
                f"{CONFIG_FIELD}: {_MODEL}.{_CLASSES} is not given; the dataset's ({classes}) is taken"
            )
        elif given != classes:
            raise wrong_config(
                self._uri,
                f"{_MODEL}.{_CLASSES}: is {shown(given)} and spec.dataset.numClasses is {classes}; "
                "they must be equal",
            )
        return {**arguments, _CLASSES: classes}

    def _mapping(self, value: Mapping[str, Any], key: str, depth: int) -> dict[str, Any]:
        kept = {}
        for name, item in value.items():
            inner = f"{key}.{name}"
            if name == _PRETRAINED:
                if item is not None:
                    self._notes.append(f"{CONFIG_FIELD}: {inner} is not followed; weightsUri has all weights")
            elif name == _TYPE and not isinstance(item, str):
                raise wrong_config(self._uri, f"{inner}: must be the name of a class, got {shown(item)}")
            elif name != _INHERITANCE:
                kept[self._word(name, inner)] = self._value(item, inner, depth + 1)
        return kept

    def _value(self, value: object, key: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise wrong_config(self._uri, f"{key}: is nested more than {_DEEPEST} deep")
        if isinstance(value, dict):
            return self._mapping(value, key, depth)
        if isinstance(value, list):
            return [self._value(item, f"{key}[{n}]", depth + 1) for n, item in enumerate(value)]
        if isinstance(value, str):
            return self._word(value, key)
        return value

    def _word(self, value: str, key: str) -> str:
        if not _WORD.fullmatch(value):
            raise wrong_config(
                self._uri,
                f"{key}: must be a number, a list or a plain word such as bilinear, got {shown(value)}; "
                "PaddleSeg evaluates some arguments as code",
            )
        return value

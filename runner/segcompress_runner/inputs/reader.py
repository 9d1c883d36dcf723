"""Upstream's reader file: the transforms that PaddleSeg's configurations and PaddleSlim's examples hold.

Where the pictures are, and how many classes they have, the spec says; what the file says of that is either
the same or of no effect.
Source: PaddleSlim's example/auto_compression/semantic_segmentation/configs/dataset; paddleseg 2.8.0, Config.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from segcompress_api.dataset import DEFAULT_BATCH_SIZE, Dataset, Transform
from segcompress_api.errors import nearest, shown
from segcompress_api.job import JobSpec
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.safe_load import LIMIT, UnsafeYamlError, load_document
from segcompress_runner.inputs.transforms import transform_checks
from segcompress_runner.storage import Storage, parse_address, read_for

_FIELD = "spec.dataset.readerConfigUri"
_PARTS = ("train_dataset", "val_dataset")
_WITHOUT_EFFECT = (
    "amp_level",
    "export",
    "iters",
    "learning_rate",
    "loss",
    "lr_scheduler",
    "model",
    "optimizer",
    "precision",
    "test_config",
    "test_dataset",
    "to_static_training",
)
"""PaddleSeg's other sections: a configuration for its training may be named as it is."""

_KEYS = (
    "dataset_root",
    "edge",
    "ignore_index",
    "img_channels",
    "mode",
    "num_classes",
    "separator",
    "test_path",
    "train_path",
    "transforms",
    "type",
    "val_path",
)


def with_reader(spec: JobSpec, storage: Storage) -> JobSpec:
    """Return `spec` with the transforms and the batch of its readerConfigUri, where it has one.

    Raises InvalidSettingError naming file and key.
    """
    uri = spec.dataset.reader_config_uri
    if uri is None:
        return spec
    content = read_for(_FIELD, storage, parse_address(uri, _FIELD), LIMIT)
    try:
        document = load_document(content)
    except UnsafeYamlError as error:
        raise InvalidSettingError(f"{uri} ({_FIELD}): {error}") from None
    return spec.model_copy(update={"dataset": _Reader(uri, document).applied(spec.dataset)})


class _Reader:
    def __init__(self, uri: str, document: object) -> None:
        self._uri = uri
        self._document = self._mapping(document, "the file")
        self._check_keys(self._document, "", ("batch_size", *_PARTS, *_WITHOUT_EFFECT))

    def applied(self, dataset: Dataset) -> Dataset:
        """Return `dataset` with what the file says in place of what it left out."""
        train, val = (self._transforms(part, dataset) for part in _PARTS)
        update = {"train_transforms": train, "val_transforms": val, "reader_config_uri": None}
        changed = dataset.model_copy(update=update | self._batch(dataset))
        of_train, of_val = (f"{self._uri}: {part}.transforms" for part in _PARTS)
        for check in transform_checks(changed, (of_train, of_val)):
            check()
        return changed

    def _batch(self, dataset: Dataset) -> dict[str, int]:
        size = self._document.get("batch_size")
        if size is None:
            return {}
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 1024:  # noqa: PLR2004
            raise self._wrong("batch_size", f"must be a whole number from 1 to 1024, got {shown(size)}")
        if dataset.batch_size not in (DEFAULT_BATCH_SIZE, size):
            raise self._wrong(
                "batch_size", f"is {size} and spec.dataset.batchSize {dataset.batch_size}; give one"
            )
        return {"batch_size": size}

    def _transforms(self, part: str, dataset: Dataset) -> tuple[Transform, ...]:
        section = self._mapping(self._document.get(part), part)
        self._check_keys(section, f"{part}.", _KEYS)
        self._check_same(section, part, "num_classes", dataset.num_classes)
        self._check_same(section, part, "ignore_index", dataset.ignore_index)
        self._check_same(section, part, "img_channels", 3)
        transforms = section.get("transforms")
        if not isinstance(transforms, list) or not transforms:
            raise self._wrong(f"{part}.transforms", "must be a list of PaddleSeg transforms")
        return tuple(self._transform(one, f"{part}.transforms[{n}]") for n, one in enumerate(transforms))

    def _transform(self, value: object, key: str) -> Transform:
        try:
            return Transform.model_validate(value)
        except ValidationError:
            raise self._wrong(key, f"must be a mapping with a type, got {shown(value)}") from None

    def _check_same(self, section: Mapping[str, Any], part: str, key: str, ours: int) -> None:
        if section.get(key, ours) != ours:
            raise self._wrong(f"{part}.{key}", f"is {shown(section[key])} and the spec's is {ours}")

    def _check_keys(self, section: Mapping[str, Any], prefix: str, known: tuple[str, ...]) -> None:
        for key in section:
            if key == "_base_":
                raise self._wrong(key, "is not followed; write out the sections that it names")
            if key not in known:
                match = nearest(key, known)
                raise self._wrong(
                    f"{prefix}{key}", f"is not known; did you mean {match}?" if match else "is not known"
                )

    def _mapping(self, value: object, what: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(what, f"must be a mapping, got {shown(value)}")
        return value

    def _wrong(self, key: str, problem: str) -> InvalidSettingError:
        return InvalidSettingError(f"{self._uri}: {key}: {problem} ({_FIELD})")

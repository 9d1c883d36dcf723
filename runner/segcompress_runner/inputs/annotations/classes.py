"""Which label is which class id. Pure.

A list of labels comes in four layouts: `dataset.classNames`; one label a line, as labelme's labels.txt and
labelme2seg's class_names.txt; the same without the background, as EISeg's labels.txt; and EISeg's
autosave_label.txt with "id label red green blue" lines.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import category

from segcompress_api.dataset import Dataset
from segcompress_api.errors import nearest
from segcompress_api.job import JobSpec
from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.annotations.faults import AnnotationError

BACKGROUND, IGNORE = "_background_", "__ignore__"
"""labelme's own labels: class 0, and pixels that no figure counts."""

_WITH_ID = re.compile(r"(\d{1,9}) (.+?) \d+ \d+ \d+")


@dataclass(frozen=True)
class Classes:
    """The ids of labels, in the order in which EISeg draws them; no label at all where none were given."""

    ids: Mapping[str, int]
    ignore_index: int

    def id_of(self, label: str) -> int:
        """Return the class id of `label`; raises AnnotationError naming the nearest known one."""
        if label == IGNORE:
            return self.ignore_index
        if label in self.ids:
            return self.ids[label]
        if not self.ids:
            raise AnnotationError(
                f"label {label!r} has no class id; give dataset.classNames or dataset.labelList"
            )
        if label == BACKGROUND:
            return 0
        match = nearest(label, self.ids)
        remedy = f"did you mean {match!r}?" if match else f"known are: {', '.join(self.ids)}"
        raise AnnotationError(f"unknown label {label[:80]!r}; {remedy}")

    def check(self, label: str, class_id: int) -> None:
        """Raise AnnotationError where a file gives `label` another id than the list of labels does."""
        if self.ids.get(label, class_id) != class_id:
            raise AnnotationError(
                f"label {label!r} has id {class_id} here and {self.ids[label]} in the labels"
            )

    def rank(self, class_id: int) -> tuple[int, int]:
        """Return what EISeg's order of drawing sorts by: the place in its list of labels, then the id."""
        order = list(self.ids.values())
        return (order.index(class_id) if class_id in order else -1, class_id)


class NumberOfLabelsError(InvalidInputError):
    """A labelList and numClasses contradict each other."""


def class_list(dataset: Dataset, lists: Mapping[str, bytes]) -> Classes:
    """Return what the labels of `dataset` mean; `lists` holds the content of its labelList, if it has one.

    Raises InvalidInputError naming the list.
    """
    if dataset.label_list is None:
        return Classes({name: index for index, name in enumerate(dataset.class_names)}, dataset.ignore_index)
    ids = _numbered(_lines(lists[dataset.label_list], dataset.label_list), dataset)
    return Classes(ids, dataset.ignore_index)


def with_class_names(spec: JobSpec, classes: Classes) -> JobSpec:
    """Return `spec` with a name for each class id, where it has a labelList in place of classNames."""
    dataset = spec.dataset
    if dataset.label_list is None:
        return spec
    by_id = {class_id: name for name, class_id in classes.ids.items()}
    names = tuple(by_id.get(class_id, BACKGROUND) for class_id in range(dataset.num_classes))
    return spec.model_copy(update={"dataset": dataset.model_copy(update={"class_names": names})})


def _lines(content: bytes, name: str) -> list[str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError(f"{name}: must be UTF-8 text with one label per line") from None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if any(category(letter) == "Cc" and letter != "\t" for letter in line):
            raise InvalidInputError(f"{name} line {number}: holds a control character")
    return [line.strip() for line in lines if line.strip()]


def _numbered(lines: Sequence[str], dataset: Dataset) -> dict[str, int]:
    with_ids = [_WITH_ID.fullmatch(line) for line in lines]
    if lines and all(with_ids):
        pairs = [(match[2], int(match[1])) for match in with_ids if match]
    else:
        names = [line for line in lines if line != IGNORE]
        first = dataset.num_classes - len(names)
        pairs = [(name, index) for index, name in enumerate(names, 1 if first == 1 else 0)]
    _check_numbers(pairs, dataset)
    return dict(pairs)


def _check_numbers(pairs: Sequence[tuple[str, int]], dataset: Dataset) -> None:
    """Every id but the background's must have one label, and every label one id."""
    twice = next((name for name, count in Counter(name for name, _ in pairs).items() if count > 1), None)
    if twice is not None:
        raise InvalidInputError(f"{dataset.label_list}: holds the label {twice[:80]!r} twice")
    ids = sorted(class_id for _, class_id in pairs)
    every = list(range(dataset.num_classes))
    if ids not in (every, every[1:]):
        raise NumberOfLabelsError(
            f"{dataset.label_list}: has {len(pairs)} labels and numClasses is {dataset.num_classes}; "
            f"it needs one label for each id from 0 to {every[-1]}, or from 1 where 0 is the background"
        )

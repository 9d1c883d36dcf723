"""A look at pictures for as long as time allows, in an order that represents their lists.

Makes the checks that a run makes of every picture, and collects what they find.
"""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segcompress_api.dataset import Dataset, Format
from segcompress_runner.findings import Findings
from segcompress_runner.inputs.annotations.classes import Classes
from segcompress_runner.inputs.annotations.masks import with_masks
from segcompress_runner.inputs.census import Census
from segcompress_runner.inputs.checks import Manner, check_pictures, read_sizes
from segcompress_runner.inputs.fetch import Found, Listed, check_space
from segcompress_runner.inputs.fit import Size
from segcompress_runner.inputs.lists import Entry, Lists, Sample, Shards, samples
from segcompress_runner.inputs.sources import Source
from segcompress_runner.progress import Silent
from segcompress_runner.storage import Stat, Storage

FIRST = 8
"""Validation pictures in the first part: as many as a dry evaluation takes."""

_PART = 64


@dataclass
class Looked:
    """The pictures that were looked at and are right, and what their masks hold."""

    census: Census = field(default_factory=Census)
    sizes: dict[Sample, Size] = field(default_factory=dict)
    train: list[Sample] = field(default_factory=list)
    val: list[Sample] = field(default_factory=list)
    tried: int = 0
    """Lines of the lists that were looked at, right or wrong."""


@dataclass(frozen=True)
class Part:
    """Some lines of the two lists."""

    train: tuple[Entry, ...]
    val: tuple[Entry, ...]


@dataclass(frozen=True)
class Surveyor:
    """Where the bytes of a survey come from and go to, on how many threads, and who collects faults."""

    storage: Storage
    work: Path
    threads: int
    findings: Findings

    def look(self, listed: Listed, dataset: Dataset, classes: Classes, until: float) -> Looked:
        """Look at parts of the lists until the clock (time.monotonic) reads `until`; at one at least."""
        looked, stats = Looked(), None
        with self.findings.each():
            stats = self._stats(listed)
        if stats is None:
            return looked
        train, val = (listed.entries[name] for name in (dataset.train_list, dataset.val_list))
        for part in parts(train, val):
            with self.findings.each():
                lists = self._brought(part, listed, stats, dataset.format)
                self._check(lists, dataset, classes, looked)
            looked.tried += len(part.train) + len(part.val)
            if time.monotonic() > until:
                break
        return looked

    def _stats(self, listed: Listed) -> Mapping[str, Stat]:
        """Look up every file of an object store; of a folder, which is cheap to read, none beforehand."""
        if listed.folder.scheme == "file":
            return {}
        stats = self.storage.stat(listed.folder, listed.names())
        check_space(Found(Source(listed.folder, ()), listed.folder, {}, 0, stats), self.work, self.work, None)
        return {stat.file.name: stat for stat in stats}

    def _brought(self, part: Part, listed: Listed, stats: Mapping[str, Stat], form: Format) -> Lists:
        names = dict.fromkeys(
            name for entry in (*part.train, *part.val) for name in (entry.image, entry.mask)
        )
        wanted = [stats[name] for name in names if name in stats]
        root = self.storage.fetch(listed.folder, wanted, self.work / "dataset", lambda _: None)
        each = self.findings.each
        shards = Shards(self.work / "shards", form)
        return Lists(samples(root, part.train, shards, each), samples(root, part.val, shards, each))

    def _check(self, lists: Lists, dataset: Dataset, classes: Classes, looked: Looked) -> None:
        manner = Manner(self.threads, self.findings.each)
        drawn = with_masks(lists, dataset, classes, self.work / "masks", manner)
        sizes = read_sizes(drawn, manner)
        right = Lists(*(tuple(one for one in part if one in sizes) for part in (drawn.train, drawn.val)))
        looked.census.merge(check_pictures(right, dataset, Silent(), manner))
        looked.sizes |= sizes
        looked.train += right.train
        looked.val += right.val


def parts(train: Sequence[Entry], val: Sequence[Entry]) -> Iterator[Part]:
    """Yield all lines of both lists in parts, always in the same order: some of both in each."""
    shuffled = [random.Random(0).sample(entries, len(entries)) for entries in (train, val)]  # noqa: S311
    share = len(train) / max(len(train) + len(val), 1)
    steps = [max(step, FIRST) for step in (round(_PART * share), _PART - round(_PART * share))]
    if any(entry.is_shard for entry in (*train, *val)):
        steps = [1, 1]
    places = [0, 0]
    while any(place < len(entries) for place, entries in zip(places, shuffled, strict=True)):
        ends = [place + step for place, step in zip(places, steps, strict=True)]
        yield Part(*(tuple(e[p:end]) for e, p, end in zip(shuffled, places, ends, strict=True)))
        places = ends

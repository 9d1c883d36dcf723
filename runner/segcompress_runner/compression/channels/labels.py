"""Channels by number: those that stay or go together are joined, those that must stay are pinned. Pure."""

from collections.abc import Iterable, Sequence

Labels = tuple[int, ...]
"""One number for each channel along an axis of a variable."""


class Partition:
    """Joined channels (a disjoint-set forest), and why some of them must stay."""

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._pins: dict[int, str] = {}

    def fresh(self, count: int) -> Labels:
        """Return numbers of channels that belong to no others yet."""
        first = len(self._parents)
        self._parents.extend(range(first, first + count))
        return tuple(range(first, first + count))

    def join(self, one: Sequence[int], other: Sequence[int]) -> None:
        """Let channels stay or go with those at the same place of `other`."""
        for left, right in zip(one, other, strict=True):
            first, second = self.root(left), self.root(right)
            if first != second:
                self._parents[second] = first
                if second in self._pins:
                    self._pins.setdefault(first, self._pins.pop(second))

    def pin(self, labels: Iterable[int], reason: str) -> None:
        """Let channels stay; the first reason counts."""
        for label in labels:
            self._pins.setdefault(self.root(label), reason)

    def root(self, label: int) -> int:
        """Return the number that stands for all channels joined with this one."""
        while self._parents[label] != label:
            self._parents[label] = self._parents[self._parents[label]]
            label = self._parents[label]
        return label

    def roots(self, labels: Iterable[int]) -> Labels:
        """Return the number that stands for each."""
        return tuple(map(self.root, labels))

    def reason(self, labels: Iterable[int]) -> str | None:
        """Return why one of the channels must stay, None where none must."""
        return next((self._pins[root] for root in self.roots(labels) if root in self._pins), None)

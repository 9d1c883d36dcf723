"""Choose the channels that go: of each layer its share, those of least score first. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from segcompress_runner.compression.channels.marking import Marks
from segcompress_runner.compression.channels.ranking import Scores


@dataclass(frozen=True)
class Removed:
    """The channels that go, by what stands for all that are joined."""

    marks: Marks
    roots: frozenset[int]

    def kept(self, name: str) -> dict[int, list[int]]:
        """Return the places that stay along each axis of a variable that loses any."""
        axes = {}
        for axis, labels in self.marks.axes.get(name, {}).items():
            places = [
                place
                for place, root in enumerate(self.marks.partition.roots(labels))
                if root not in self.roots
            ]
            if len(places) < len(labels):
                axes[axis] = places
        return axes

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Return the variables that lose channels."""
        return tuple(name for name in self.marks.axes if self.kept(name))


def share(ratio: float, count: int) -> int:
    """Return how many of `count` channels go; one at least stays."""
    return min(round(ratio * count), count - 1)


def choose(marks: Marks, ratios: Mapping[str, float], score: Callable[[str], Scores]) -> Removed:
    """Return the channels that go for each layer (by its weight) to lose its ratio.

    Layers whose channels are joined lose the same ones, by the sum of their scores: what was decided for one
    layer holds for those that come after it. `score` returns the scores of a layer's outputs.
    """
    scores = _scores(marks, ratios, score)
    spared, going, decided = _Spared(marks), set[int](), set[int]()
    for weight, ratio in ratios.items():
        roots = marks.roots(weight)
        left = share(ratio, len(roots)) - sum(root in going for root in roots)
        for root in sorted(dict.fromkeys(roots), key=lambda root: scores[root]):
            places = roots.count(root)
            if root not in decided and places <= left and spared.can_lose(root):
                going.add(root)
                left -= places
        decided.update(roots)
    return Removed(marks, frozenset(going))


def _scores(marks: Marks, layers: Iterable[str], score: Callable[[str], Scores]) -> Mapping[int, float]:
    """Return the scores of the channels that the layers make, summed over all that make them."""
    asked = {root for layer in layers for root in marks.roots(layer)}
    summed: dict[int, float] = defaultdict(float)
    for weight in marks.layers:
        roots = marks.roots(weight)
        if not asked.isdisjoint(roots):
            for root, value in zip(roots, score(weight), strict=True):
                summed[root] += value
    return summed


def clash(marks: Marks, ratios: Mapping[str, float]) -> tuple[str, str] | None:
    """Return two layers that make the same channels and are to lose different shares, or None."""
    made: dict[int, str] = {}
    for weight, ratio in ratios.items():
        for root in marks.roots(weight):
            if ratios[made.setdefault(root, weight)] != ratio:
                return made[root], weight
    return None


class _Spared:
    """Sees to it that no axis of any variable loses its last channel."""

    def __init__(self, marks: Marks) -> None:
        axes = {marks.partition.roots(labels) for parts in marks.axes.values() for labels in parts.values()}
        self._left = [Counter(roots) for roots in axes]
        self._of: dict[int, list[Counter[int]]] = {}
        for counts in self._left:
            for root in counts:
                self._of.setdefault(root, []).append(counts)

    def can_lose(self, root: int) -> bool:
        """Return whether a channel can go; it counts as gone then."""
        if any(len(counts) == 1 for counts in self._of[root]):
            return False
        for counts in self._of[root]:
            del counts[root]
        return True


def joined_with(marks: Marks, layers: Iterable[str]) -> frozenset[str]:
    """Return the variables that share channels with those that the layers make."""
    roots = {root for layer in layers for root in marks.roots(layer)}
    return frozenset(
        name
        for name, axes in marks.axes.items()
        for labels in axes.values()
        if not roots.isdisjoint(marks.partition.roots(labels))
    )

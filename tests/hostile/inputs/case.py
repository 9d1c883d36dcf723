"""What a runner is given, and what must become of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Input:
    """`take` gives the input to the runner, with a folder for files; its error must hold `words`."""

    name: str
    take: Callable[[Path], object]
    words: str


@dataclass(frozen=True)
class InputTheme:
    """Inputs of one kind; `what` says what they have in common."""

    title: str
    what: str
    cases: Sequence[Input]

"""An input of the runner, and the error that it must cause."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Input:
    """`take` passes the input to the runner, with a folder for files; the error must contain `words`."""

    name: str
    take: Callable[[Path], object]
    words: str


@dataclass(frozen=True)
class InputTheme:
    """Inputs of one kind; `what` says what they have in common."""

    title: str
    what: str
    cases: Sequence[Input]

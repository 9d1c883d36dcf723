"""How the report writes figures: units, signs and shares as people read them. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

NONE = "–"
"""Stands where there is no figure."""


def shortened(text: str, most: int) -> str:
    """Return `text` in at most so many printable characters."""
    printable = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return printable if len(printable) <= most else printable[: most - 1] + "…"


def listed(items: Sequence[Any]) -> str:
    """Return a shape such as 16 × 3 × 3 × 3."""
    return " × ".join(map(str, items))


def size(count: int) -> str:
    """Return bytes in the unit that people would choose."""
    if count < 1000:  # noqa: PLR2004
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 10**6 else f"{count / 10**6:.2f} MB"


def count(number: int) -> str:
    """Return a large number in thousands, millions or billions."""
    for unit, step in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= step:
            return f"{number / step:.2f} {unit}"
    return str(number)


def signed(value: float, places: int) -> str:
    """Return a change with its sign, as typography has it: +0.0012, −0.0012, 0."""
    text = f"{value:+.{places}f}"
    return text.replace("-", "−") if text.strip("+-0.") else "0"


def share(value: str | None) -> str:
    """Return a share in percent, a dash where there is none."""
    return f"{100 * Decimal(value):.1f}%" if value is not None else NONE


def percent(before: float | str | None, after: float | str | None) -> str:
    """Return the change from one to the other in percent, a dash where either is missing."""
    if before is None or after is None or not float(before):
        return NONE
    return f"{signed(100 * (float(after) / float(before) - 1), 1)}%"


def times(value: str | None) -> str:
    """Return a factor such as 1.31×, a dash where there is none."""
    return f"{Decimal(value):.2f}×" if value else NONE

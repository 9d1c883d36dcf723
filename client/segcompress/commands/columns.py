"""Tables for terminals and pipes alike: columns of text that are never wrapped or cut."""

from collections.abc import Sequence

from segcompress_api.errors import printable


def print_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the table; columns are three spaces apart."""
    for line in aligned((header, *rows)):
        print(printable(line))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return each row as a line whose columns start where those of the others do."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]

"""Names of a strategy that a model must have: all that it lacks make one error, of bounded length."""

from collections.abc import Collection, Iterable, Sequence

from segcompress_api.errors import nearest
from segcompress_runner.errors import InvalidSettingError

_SHOWN = 3
_LIMIT = 120
"""Characters of a name that a message shows: a model's names may have any length."""


def check_known(names: Iterable[str], known: Collection[str], field: str, what: str, otherwise: str) -> None:
    """Raise InvalidSettingError where some of `names` are not in `known`, suggesting the nearest.

    `what` is what a name should be, and `otherwise` the remedy where none of `known` is like the first one.
    """
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        match = nearest(unknown[0], known)
        remedy = f"did you mean {cut(match)}?" if match else otherwise
        raise InvalidSettingError(f"{field}: {are_not(unknown, what)}; {remedy}")


def are_not(names: Sequence[str], what: str) -> str:
    """Return in words that names, of which there is at least one, are not what they should be."""
    first, *others = map(cut, names)
    text = f"{first} is not {what}"
    if not others:
        return text
    if len(others) == 1:
        return f"{text}, nor is {others[0]}"
    shown = others[: _SHOWN - 1]
    more = ", …" if len(others) > len(shown) else ""
    return f"{text}, nor are {len(others)} others ({', '.join(shown)}{more})"


def cut(name: str) -> str:
    """Return a name for a message, cut where it is long."""
    return name if len(name) <= _LIMIT else f"{name[:_LIMIT]}…"

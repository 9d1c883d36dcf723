"""What is wrong with an annotation, in words that lack only the file's name."""

from collections.abc import Iterator
from contextlib import contextmanager

from segcompress_api.errors import shown


class AnnotationError(ValueError):
    """An annotation cannot be drawn; the message names the shape and, where it is about one, the label."""


@contextmanager
def at(place: str) -> Iterator[None]:
    """Put `place`, such as shapes[3], before the message of what is wrong there."""
    try:
        yield
    except AnnotationError as error:
        raise AnnotationError(f"{place}: {error}") from None


def must_be(value: object, what: str) -> AnnotationError:
    """Return the error of a value that is of another kind."""
    return AnnotationError(f"must be {what}, got {shown(value)}")

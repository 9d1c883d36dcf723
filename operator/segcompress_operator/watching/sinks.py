"""Turns a stream's objects into records: the bodies go no further."""

from collections.abc import Callable, Mapping
from typing import Any, Generic

from segcompress_operator.watching.store import R, Store


class StoreSink(Generic[R]):
    """Parses a stream's objects for a store; `body` is the type of the part that is read."""

    def __init__(self, store: Store[R], parse: Callable[[Mapping[str, Any]], R], body: type) -> None:
        self.body = body
        self._parse = parse
        self._store = store
        self.moved, self.refused = store.moved, store.refused
        self.listing, self.listed = store.listing, store.listed

    def seen(self, body: Mapping[str, Any]) -> None:
        """Take in an object as it is now."""
        self._store.take(self._parse(body))

    def gone(self, body: Mapping[str, Any]) -> None:
        """Take in the last state of an object that is gone."""
        last = self._parse(body)
        if self._store.get(last.uid) is not None:
            self._store.take(last)
            self._store.drop(last.uid)

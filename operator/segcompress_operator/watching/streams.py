"""All streams of the operator: one for each kind and scope, started together and reported together."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product

import kopf

from segcompress_operator.kinds import Kind
from segcompress_operator.watching.stream import Sink, Stream, Watched

LISTS_AT_ONCE = 2
"""So many pages are in memory at once; one more than one, since the API server works while we read."""


class Streams:
    """Streams of every kind in every namespace; no namespaces means all of the cluster's.

    Without an `optional` kind, the operator does all else that it is there for.
    """

    def __init__(
        self,
        sinks: Mapping[Kind, Sink],
        namespaces: tuple[str, ...],
        settings: kopf.OperatorSettings,
        optional: Collection[Kind] = (),
    ) -> None:
        self._optional = frozenset(optional)
        turn = asyncio.Semaphore(LISTS_AT_ONCE)
        self._streams = [
            Stream(Watched(kind, scope), sink, settings, turn)
            for (kind, sink), scope in product(sinks.items(), namespaces or (None,))
        ]

    async def run(self) -> None:
        """Feed the sinks until cancelled."""
        async with asyncio.TaskGroup() as group:
            for stream in self._streams:
                group.create_task(stream.run())

    def states(self) -> Iterator[tuple[str, str, bool]]:
        """Yield the plural of each kind, its namespace ("" for all), and whether it is watched now."""
        for stream in self._streams:
            yield stream.watched.kind.plural, stream.watched.scope or "", not stream.problem

    def problems(self) -> Sequence[str]:
        """Return what cannot be watched now, and why."""
        return [f"{each}: {each.problem}" for each in self._streams if each.problem and not self._lacks(each)]

    def notes(self) -> Sequence[str]:
        """Return which optional kinds are not installed."""
        return [f"{each}: {each.problem}" for each in self._streams if each.problem and self._lacks(each)]

    def _lacks(self, stream: Stream) -> bool:
        return stream.watched.kind in self._optional and not stream.is_installed

"""Keys to reconcile: each queued at most once, never at two workers at once, later where that failed.

Knows nothing of what a key means except which flow it belongs to.
"""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

FIRST_DELAY_SECONDS = 0.25
LONGEST_DELAY_SECONDS = 60.0


K = TypeVar("K", bound=Hashable)


class _Timer(NamedTuple):
    """When a key comes; of what is due at once, uvloop's handle does not know."""

    due: float
    handle: asyncio.Handle


class _Turns(Generic[K]):
    """Keys whose flows take turns: the next key of a flow waits for one key of each other flow, not for all.

    Source: API Priority and Fairness (KEP-1040), whose flows take turns as well.
    """

    def __init__(self, flow_of: Callable[[K], Hashable]) -> None:
        self._flow_of = flow_of
        self._flows: OrderedDict[Hashable, deque[K]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._flows)

    def append(self, key: K) -> None:
        self._flows.setdefault(self._flow_of(key), deque()).append(key)

    def popleft(self) -> K:
        flow, keys = self._flows.popitem(last=False)
        key = keys.popleft()
        if keys:
            self._flows[flow] = keys
        return key


class WorkQueue(Generic[K]):
    """A de-duplicating queue with delays and back-off; use from one event loop.

    Keys of one flow come in the order in which they were added; flows take turns.
    """

    def __init__(
        self,
        jitter: Callable[[], float] = random.random,
        flow_of: Callable[[K], Hashable] = lambda _: None,
    ) -> None:
        self._jitter = jitter
        self._waiting = _Turns(flow_of)
        self._queued: set[K] = set()
        self._at_work: set[K] = set()
        self._again: set[K] = set()
        self._timers: dict[K, _Timer] = {}
        self._failures: dict[K, int] = {}
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queued)

    def add(self, key: K) -> None:
        """Queue the key; while a worker has it, it comes again after that."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.handle.cancel()
        if key in self._at_work:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._waiting.append(key)
            self._filled.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Queue the key later; the earliest of several wishes counts."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        timer = self._timers.get(key)
        if timer is not None:
            if timer.due <= due:
                return
            timer.handle.cancel()
        self._timers[key] = _Timer(due, loop.call_at(due, self.add, key))

    def retry(self, key: K, at_least: float = 0.0) -> float:
        """Queue the key after a back-off that doubles with each failure; return it, in seconds.

        `at_least` is what the API server asks for. It counts up to LONGEST_DELAY_SECONDS: a proxy that asks
        for a day must not delay a key for a day.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(FIRST_DELAY_SECONDS * 2.0 ** min(failures, 16), LONGEST_DELAY_SECONDS)
        # Half to whole: keys that failed together do not come back together.
        delay = max(delay * (0.5 + self._jitter() / 2), min(at_least, LONGEST_DELAY_SECONDS))
        self.add_after(key, delay)
        return delay

    def succeeded(self, key: K) -> None:
        """Forget the key's failures."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """Return the next key; the caller must say `done` when it has dealt with it."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        key = self._waiting.popleft()
        self._queued.discard(key)
        self._at_work.add(key)
        return key

    def done(self, key: K) -> None:
        """Let the key be worked on again."""
        self._at_work.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def close(self) -> None:
        """Drop all delays."""
        for timer in self._timers.values():
            timer.handle.cancel()
        self._timers.clear()

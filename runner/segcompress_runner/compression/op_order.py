"""The order of a program's operators, by what they read and write."""

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Access:
    """The names of the variables that one operator reads and writes."""

    reads: frozenset[str]
    writes: frozenset[str]


def in_order(operators: Sequence[Access], late: Collection[str] = ()) -> list[int]:
    """Return the indices of `operators` in an order in which each reads the same values as now.

    Each of the variables `late` is written once; operators that read one are moved after its writer. All
    other operators stay as close to their positions as possible. Raises ValueError if there is no such order.
    """
    after = _successors(operators, frozenset(late))
    waits = [0] * len(operators)
    for follower in (one for followers in after for one in followers):
        waits[follower] += 1
    ready = [index for index, count in enumerate(waits) if count == 0]
    order: list[int] = []
    while ready:
        order.append(heapq.heappop(ready))
        for follower in after[order[-1]]:
            waits[follower] -= 1
            if waits[follower] == 0:
                heapq.heappush(ready, follower)
    if len(order) < len(operators):
        raise ValueError("operators depend on one another in a cycle")
    return order


def _successors(operators: Sequence[Access], late: frozenset[str]) -> list[set[int]]:
    """Return for each operator those that must come after it."""
    after: list[set[int]] = [set() for _ in operators]
    writer: dict[str, int] = {}
    readers: dict[str, list[int]] = {}
    for index, one in enumerate(operators):
        for name in one.reads:
            if name in writer and name not in late:
                after[writer[name]].add(index)
            readers.setdefault(name, []).append(index)
        for name in one.writes - late:
            before = [*readers.pop(name, ()), *([writer[name]] if name in writer else ())]
            for other in before:
                if other != index:
                    after[other].add(index)
        writer.update(dict.fromkeys(one.writes, index))
    for name in late & writer.keys():
        after[writer[name]].update(index for index in readers.get(name, ()) if index != writer[name])
    return after

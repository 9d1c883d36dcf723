"""Which cores each side of the benchmark may use, so that none takes another's time."""

import os
from typing import NamedTuple

ENOUGH = 4
"""One for the subject, one for the player, two for API server and etcd."""


class Cores(NamedTuple):
    """Cores of each side; all of them for everybody where there are not enough."""

    subject: frozenset[int]
    player: frozenset[int]
    servers: frozenset[int]
    pinned: bool

    def __str__(self) -> str:
        if not self.pinned:
            return f"{len(self.servers)} cores shared by all (pinning needs {ENOUGH})"
        return f"subject and player on a core each, API server and etcd on {len(self.servers)} others"


def cores_of(available: frozenset[int]) -> Cores:
    """Return who runs where."""
    if len(available) < ENOUGH:
        return Cores(available, available, available, pinned=False)
    first, second, *others = sorted(available)
    return Cores(frozenset({first}), frozenset({second}), frozenset(others), pinned=True)


def own_cores() -> frozenset[int]:
    """Return the cores that this process may use."""
    return frozenset(os.sched_getaffinity(0))

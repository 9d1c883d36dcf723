"""Hand-overs: how the leader goes, and when the next one had the Lease."""

from dataclasses import dataclass
from datetime import UTC, datetime

from integration.operator.api import eventually
from integration.operator.team import Team

KINDS = ("SIGTERM", "SIGTERM", "SIGTERM", "SIGKILL", "SIGTERM", "SIGTERM", "SIGTERM", "SIGSTOP")
"""SIGSTOP: the leader hangs for longer than its Lease, and wakes up again beside the next one."""


@dataclass(frozen=True)
class Change:
    """One hand-over: its kind, when the leader got its signal, and when the next one took the Lease."""

    kind: str
    signalled: datetime
    acquired: datetime


class Shifts:
    """A team that always has a leader and a standby."""

    def __init__(self, team: Team) -> None:
        self.changes: list[Change] = []
        self._team = team
        team.join()
        self._leader = team.leader()
        team.join()

    def change(self, kind: str) -> None:
        """Let the leader go, wait for the next, and bring in another standby."""
        gone, signalled = self._leader, datetime.now(UTC)
        if kind == "SIGTERM":
            gone.stop()
        elif kind == "SIGKILL":
            gone.kill()
        else:
            gone.pause()
        self._leader = self._team.leader(gone)
        acquired = datetime.fromisoformat(self._team.lease()["acquireTime"])
        self.changes.append(Change(kind, signalled, acquired))
        if kind == "SIGSTOP":
            gone.resume()
            eventually(lambda: not gone.runs(), "the end of the operator that hung")
        self._team.join()

"""How long nobody made Jobs around a hand-over, by the API server's clock."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.handovers.shifts import Change


@dataclass(frozen=True)
class Gap:
    """Seconds from the signal to the Lease's next holder, and to the first Job that this one made."""

    kind: str
    to_lease: float
    to_job: float


def gaps(changes: Iterable[Change], created: Sequence[datetime]) -> list[Gap]:
    """Return the gap of each change after which a Job was created; `created` is in order."""
    found = []
    for change in changes:
        at = bisect_left(created, change.acquired)
        if at < len(created):
            lease = (change.acquired - change.signalled).total_seconds()
            found.append(Gap(change.kind, lease, (created[at] - change.signalled).total_seconds()))
    return found


def summary(found: Sequence[Gap]) -> str:
    """Return a table: for each kind the median and the longest, in seconds."""
    lines = ["| leader gets | times | next has the Lease: median, longest (s) | its first Job: the same |"]
    lines.append("|---|---|---|---|")
    for kind in dict.fromkeys(gap.kind for gap in found):
        leases = sorted(gap.to_lease for gap in found if gap.kind == kind)
        jobs = sorted(gap.to_job for gap in found if gap.kind == kind)
        cells = (f"{values[len(values) // 2]:.2f}, {values[-1]:.2f}" for values in (leases, jobs))
        lines.append(f"| {kind} | {len(jobs)} | {' | '.join(cells)} |")
    return "\n".join(lines)

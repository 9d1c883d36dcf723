"""Measure what one look at a sweep costs, and how long the event loop is held up meanwhile.

    make bench-sweeps

Plans are made as the operator makes them, in a thread beside the loop; no API server is asked. Each figure is
the median of the looks; a delay is the longest of all.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan, plan_sweep
from segcompress_runner.outputs.table import markdown
from segcompress_runner.processor import this_processor
from unit.operator.samples import NOW, SETTINGS
from unit.operator.sweeps.sweep_samples import RATE, RATIO, child, ended, make_sweep, points, spec_body

PAGE = Path(__file__).parents[2] / "docs" / "sweep-speed.md"
TRIALS = (100, 1000, 10_000)
LOOKS = 5
TICK = 0.001
FREE = {**RATIO, "values": None, "range": {"min": "0.3", "max": "0.95"}}

_HEAD = """# What one look at a sweep costs

Written by `make bench-sweeps` ({how}).
One look with so many trials that ended and one place for another: all trials are read, one is proposed and
checked, and the status is made. Plans are made in a thread; *the loop waits* says for how long no other
resource could be looked after meanwhile, at most (an idle loop: {idle:.1f} ms). *object* is the
sweep as JSON, spec and status.

"""


@dataclass(frozen=True)
class Look:
    """What one look took, in seconds, and what it made."""

    seconds: float
    delay: float
    made: SweepPlan


def main() -> int:
    """Measure, and write the page."""
    started = datetime.now(UTC)
    idle = asyncio.run(_look(partial(time.sleep, 0.5))).delay
    rows = [_row(name, count) for name in ("Grid", "Random", "TPE", "NSGAII") for count in TRIALS]
    minutes = (datetime.now(UTC) - started).total_seconds() / 60
    how = f"{started:%Y-%m-%d}, {minutes:.1f} minutes on {_where()}"
    header = ("algorithm", "trials", "one look, ms", "the loop waits, ms", "object, KB")
    PAGE.write_text(_HEAD.format(how=how, idle=idle * 1000) + markdown(header, rows) + "\n")
    print(PAGE.read_text())
    return 0


def _row(name: str, count: int) -> tuple[str, ...]:
    sweep, observed = _searched(name, count)
    plan = partial(plan_sweep, sweep, observed, SETTINGS, NOW)
    looks = [asyncio.run(_look(plan)) for _ in range(LOOKS)]
    if any(len(points(look.made)) != 1 for look in looks):
        raise AssertionError(f"{name} with {count} trials made not one trial")
    return (
        name,
        f"{count:,}",
        f"{statistics.median(look.seconds for look in looks) * 1000:.0f}",
        f"{max(look.delay for look in looks) * 1000:.1f}",
        f"{_bytes(sweep, looks[0].made) / 1024:.1f}",
    )


def _searched(name: str, count: int) -> tuple[Sweep, SweepObserved]:
    """Return a sweep of which so many trials have ended."""
    parameters = [_grid("seed", count + 1)] if name == "Grid" else [_without_none(FREE), RATE]
    spec = spec_body(
        algorithm={"name": name},
        parameters=parameters,
        constraints=[{"metric": "miouDrop", "max": "0.02"}],
        maxTrials=100_000,
        parallelTrials=1,
    )
    return make_sweep(spec), SweepObserved(tuple(_ended(name, index) for index in range(count)))


def _ended(name: str, index: int) -> Any:
    """Return a trial that ended, with figures that no other one has."""
    share = index * 0.6180339887 % 1.0
    point = {"seed": str(index + 1)} if name == "Grid" else _point(share, index)
    status = ended(miou=0.9 - 0.1 * share * share, latency=30 - 20 * share, drop=0.05 * share)
    return child(index, point, status)


def _point(share: float, index: int) -> dict[str, str]:
    return {"ratio": f"{0.3 + 0.65 * share:.6g}", "lr": f"{0.001 * 100 ** (index * 0.7548776662 % 1.0):.6g}"}


def _grid(path: str, count: int) -> dict[str, Any]:
    return {"name": path, "path": path, "range": {"min": "1", "max": str(count), "step": "1"}}


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


async def _look(plan: Callable[[], Any]) -> Look:
    """Make a plan in a thread, and tell how late the loop was at most."""
    started = last = time.perf_counter()
    planned = asyncio.create_task(asyncio.to_thread(plan))
    delay = 0.0
    while not planned.done():
        await asyncio.sleep(TICK)
        now = time.perf_counter()
        delay, last = max(delay, now - last - TICK), now
    return Look(time.perf_counter() - started, delay, await planned)


def _bytes(sweep: Sweep, made: SweepPlan) -> int:
    status = {} if made.status is None else made.status.to_wire()
    return len(sweep.spec) + len(json.dumps(status, separators=(",", ":")).encode())


def _where() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {this_processor('CPU')}; load of the last minute {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main())

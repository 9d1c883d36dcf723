"""What one reconciliation of a sweep costs, and how long it blocks the event loop.

Plans are made as the operator makes them, in a thread beside the loop, without an API server. Times are
medians over several reconciliations, between which one more trial has ended; delays are maxima.
"""

import asyncio
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.sweeps.history import Memo
from segcompress_operator.planning.sweeps.observed import Sweep, SweepObserved
from segcompress_operator.planning.sweeps.plan import SweepPlan, plan_sweep
from segcompress_runner.outputs.table import markdown
from unit.operator.samples import NOW, SETTINGS
from unit.operator.sweeps.sweep_samples import RATE, RATIO, child, ended, make_sweep, points, spec_body

TRIALS = (100, 1000, 10_000)
REPEATS = 5
TICK = 0.001
FREE = {**RATIO, "values": None, "range": {"min": "0.3", "max": "0.95"}}

_HEAD = """## One reconciliation

Each row is a sweep with that many finished trials, of which one has ended since the last reconciliation, and
room for one more: a reconciliation reads the trial that has ended, proposes and checks the next one, and
computes the status. The *first* one after a start of the operator reads all trials. It plans in a thread;
*loop blocked* is the longest time for which the event loop could serve no other resource meanwhile (an idle
loop: {idle:.1f} ms). *object* is the size of the sweep as JSON, spec and status. What a reconciliation leaves
in memory for the next one takes {kept:.2f} KB a trial.

"""


@dataclass(frozen=True)
class Reconciliation:
    """How long one reconciliation took, how long it blocked the loop (both in seconds), and its plan."""

    seconds: float
    delay: float
    plan: SweepPlan


def section() -> str:
    """Measure, and return the page's section."""
    idle = asyncio.run(_measure(partial(time.sleep, 0.5))).delay
    rows = [_row(name, count) for name in ("Grid", "Random", "TPE", "NSGAII") for count in TRIALS]
    header = ("algorithm", "trials", "first, ms", "one reconciliation, ms", "loop blocked, ms", "object, KB")
    return f"{_HEAD.format(idle=idle * 1000, kept=_kept_bytes() / 1024)}{markdown(header, rows)}\n"


def _row(name: str, count: int) -> tuple[str, ...]:
    sweep, memo = _searched(name, count), Memo()
    trials = tuple(_ended(name, index) for index in range(count))
    first, *others = [
        asyncio.run(_measure(partial(_plan, sweep, trials[: count - number], memo)))
        for number in reversed(range(REPEATS + 1))
    ]
    if any(len(points(each.plan)) != 1 for each in (first, *others)):
        raise AssertionError(f"{name} with {count} trials did not make exactly one trial")
    return (
        name,
        f"{count:,}",
        f"{first.seconds * 1000:.0f}",
        f"{statistics.median(each.seconds for each in others) * 1000:.1f}",
        f"{max(each.delay for each in others) * 1000:.1f}",
        f"{_bytes(sweep, first.plan) / 1024:.1f}",
    )


def _plan(sweep: Sweep, trials: tuple[Resource, ...], memo: Memo) -> SweepPlan:
    return plan_sweep(sweep, SweepObserved(trials, memo=memo), SETTINGS, NOW)


def _kept_bytes() -> float:
    """Return how many bytes per trial a reconciliation leaves in memory."""
    sweep, memo, count = _searched("Random", TRIALS[-1]), Memo(), TRIALS[-1]
    trials = tuple(_ended("Random", index) for index in range(count))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    _plan(sweep, trials, memo)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / count


def _searched(name: str, count: int) -> Sweep:
    """Return a sweep of so many trials and one more, one at a time."""
    parameters = [_grid("seed", count + 1)] if name == "Grid" else [_without_none(FREE), RATE]
    spec = spec_body(
        algorithm={"name": name},
        parameters=parameters,
        constraints=[{"metric": "miouDrop", "max": "0.02"}],
        maxTrials=100_000,
        parallelTrials=1,
    )
    return make_sweep(spec)


def _ended(name: str, index: int) -> Resource:
    """Return a finished trial, with figures that no other has."""
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


async def _measure(plan: Callable[[], Any]) -> Reconciliation:
    """Make a plan in a thread, and measure the longest delay of the loop meanwhile."""
    started = last = time.perf_counter()
    planned = asyncio.create_task(asyncio.to_thread(plan))
    delay = 0.0
    while not planned.done():
        await asyncio.sleep(TICK)
        now = time.perf_counter()
        delay, last = max(delay, now - last - TICK), now
    return Reconciliation(time.perf_counter() - started, delay, await planned)


def _bytes(sweep: Sweep, plan: SweepPlan) -> int:
    status = {} if plan.status is None else plan.status.to_wire()
    return len(sweep.spec) + len(json.dumps(status, separators=(",", ":")).encode())

"""A sweep of many trials on a real API server, beside a client that creates the same runs without a sweep.

Both keep the same number of runs in flight, and take turns, forwards and backwards.
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bench.operator.copies import fill
from bench.operator.laboratory import laboratory
from bench.operator.measures import Bench
from bench.operator.report import percentiles
from bench.operator.subjects import Process, Subject
from bench.sweeps.large import fill_trials, large_sweep, points_of
from bench.sweeps.player import Order

from segcompress_runner.outputs.table import markdown

PLAYER = "bench.sweeps.player"
NEIGHBOUR = "bench.operator.player"

FIRST = 1_000_000
"""The number of a run that shows that the operator has read its namespace; others count from 0."""

User = Literal["plain", "resumed"]
TURN: Sequence[User] = ("plain", "resumed")


@dataclass(frozen=True)
class Turn:
    """What one turn measured."""

    runs: int
    cpu: float
    """The operator's, in seconds."""
    played: dict[str, Any]

    @property
    def rate(self) -> float:
        """Return the runs per second."""
        return float(self.runs / self.played["seconds"])

    @property
    def cpu_ms(self) -> float:
        """Return the operator's CPU milliseconds per run."""
        return self.cpu * 1000 / self.runs


@dataclass(frozen=True)
class Measured:
    """Everything that was measured; `waits` are seconds from a neighbour's resource to its Job."""

    fresh: Turn
    turns: dict[User, list[Turn]]
    slow: dict[str, Any]
    """What the player saw of the sweep whose trials last, beside the neighbour."""
    waits: dict[str, list[float]]

    def rate(self, user: User) -> float:
        """Return the median rate."""
        return statistics.median(turn.rate for turn in self.turns[user])


class Stage:
    """One API server, on which turns are played one after the other."""

    def __init__(self, bench: Bench, operator: Subject, options: argparse.Namespace) -> None:
        self._bench = bench
        self._operator = operator
        self._options = options
        self._run = bench.original(operator, finished=True)

    def fresh(self) -> Turn:
        """Play a sweep from its creation on."""
        namespace = self._bench.namespace("fresh")
        with self._running(namespace) as process:
            return self._turn(process, self._order(namespace, "created"))

    def large(self, user: User) -> Turn:
        """Play the last runs beside all others, which have ended."""
        namespace = self._filled(user)
        with self._running(namespace) as process:
            return self._turn(process, self._order(namespace, user))

    def alone(self) -> list[float]:
        """Return the seconds to its Job of each run of a tenant that has the operator to itself."""
        namespace = self._bench.namespace("neighbour")
        with self._running(namespace):
            return self._neighbour(namespace)

    def beside(self, user: User, seconds: float) -> tuple[list[float], dict[str, Any]]:
        """Return the same beside another tenant's last runs, of some seconds each, and what was seen."""
        namespace, neighbour = self._filled(user), self._bench.namespace("neighbour")
        with self._running(namespace, neighbour):
            order = self._order(namespace, user, seconds)
            load = self._bench.play(PLAYER, json.dumps(asdict(order)))
            return self._neighbour(neighbour), load()

    def _turn(self, process: Process, order: Order) -> Turn:
        cpu = process.cpu_seconds
        played = self._bench.play(PLAYER, json.dumps(asdict(order)))()
        return Turn(order.runs, process.cpu_seconds - cpu, played)

    def _neighbour(self, namespace: str) -> list[float]:
        sent = (0, self._options.neighbours, self._options.pace)
        return list(self._bench.play(NEIGHBOUR, namespace, self._operator.kind, *sent)()["waits"])

    def _order(self, namespace: str, user: User | Literal["created"], seconds: float = 0.0) -> Order:
        options = self._options
        return Order(namespace, user, options.trials, options.last, options.parallel, seconds)

    @contextmanager
    def _running(self, *namespaces: str) -> Iterator[Process]:
        """Run the operator until the context ends; it has read what is there, and is at rest."""
        bench, operator = self._bench, self._operator
        with bench.running(operator, bench.user(operator), ",".join(namespaces)) as process:
            for namespace in namespaces:
                bench.play(NEIGHBOUR, namespace, operator.kind, FIRST, 1)()
            process.settle()
            yield process

    def _filled(self, user: User) -> str:
        """Return a namespace with the runs that have ended; those of a sweep are its trials."""
        bench, options = self._bench, self._options
        namespace, ended = bench.namespace(user), options.trials - options.last
        if user == "plain":
            fill(bench.plane, self._run, namespace, ended)
        else:
            asked = large_sweep(options.trials, options.parallel, suspend=True)
            fill_trials(bench.plane, self._run, bench.admin.create("scs", namespace, asked), ended)
        bench.plane.stop_api_server()  # what it read meanwhile, and for earlier turns, would be garbage
        bench.plane.start_api_server()
        return namespace


def measure(options: argparse.Namespace) -> Measured:
    """Measure all."""
    with laboratory() as (bench, (operator, *_)):
        stage = Stage(bench, operator, options)
        fresh = stage.fresh()
        _tell("fresh", fresh)
        turns: dict[User, list[Turn]] = defaultdict(list)
        for number in range(options.rounds):
            for user in TURN if number % 2 == 0 else TURN[::-1]:
                turns[user].append(stage.large(user))
                _tell(user, turns[user][-1])
        seconds = _seconds(min(turn.rate for each in turns.values() for turn in each), options)
        alone, (beside, slow), (plain, _) = (
            stage.alone(),
            stage.beside("resumed", seconds),
            stage.beside("plain", seconds),
        )
    waits = {"alone": alone, "beside the sweep": beside, "beside as many runs without a sweep": plain}
    return Measured(fresh, turns, slow, waits)


def _seconds(rate: float, options: argparse.Namespace) -> float:
    """Return how long runs beside a neighbour last: half the rate, and until the neighbour is done.

    At full load a latency would be that of the API server's queue, whoever fills it.
    """
    paced = 1.2 * options.neighbours / options.pace
    return float(options.parallel * max(2 / rate, paced / options.last))


def section(options: argparse.Namespace) -> str:
    """Measure, and return the page's section."""
    measured = measure(options)
    head = _HEAD.format(**vars(options), ended=options.trials - options.last)
    return head + "\n".join(f"{table}\n" for table in tables(measured, options))


def tables(measured: Measured, options: argparse.Namespace) -> tuple[str, str, str]:
    """Return each goal beside what was seen, the rates, and the latencies of a neighbour."""
    return _goals(measured, options), _rates(measured), _latencies(measured)


_HEAD = """## A sweep of {trials:,} trials

The API server and the operator are real; a player in a process of its own ends each pod as soon as its run
says Running, and counts trials in flight by its own watch. {ended:,} of the {trials:,} trials are written
into etcd as finished before the operator starts; the last {last:,} are played, at most {parallel} at a time.
The API server is started anew before each turn, and collects garbage only once it uses much memory: beside so
many objects, a collection takes both cores for two seconds.
The plain client creates the same runs without a sweep, beside as many finished ones and with as many in
flight: a new one whenever one has ended. They take turns, {rounds} of each; rates and CPU are medians. *First
Job* is that of another sweep, from the request that creates it. The average of trials in flight ends with the
creation of the last one. The neighbour creates {neighbours} single runs, {pace:g} per second, in a namespace
of its own, while trials run long enough to keep the sweep at half its rate or less; each runs for half to one
and a half times the average.

"""


def _goals(measured: Measured, options: argparse.Namespace) -> str:
    swept = measured.turns["resumed"]
    sweeps = [measured.slow, *(turn.played for turn in (measured.fresh, *swept))]
    most = max(played["most"] for played in sweeps)
    mean = statistics.median(turn.played["mean"] for turn in swept)
    twice = sum(_repeated(turn, options.trials - options.last) for turn in swept)
    alone, beside = (_percentile(measured.waits[name]) for name in ("alone", "beside the sweep"))
    rows = (
        (
            "first Job after the sweep was created",
            "at most 1 s",
            f"{measured.fresh.played['first_job']:.2f} s",
        ),
        ("size of the sweep's object", "at most 32 KB", f"{_largest(swept) / 1024:.1f} KB"),
        ("trials in flight", f"at most {options.parallel}", f"{most}, {mean:.0f} on average"),
        ("points tried twice", "0", str(twice)),
        ("rate, as a share of the plain client's", "at least 98 %", f"{_share(measured):.0%}"),
        ("neighbour's p99, resource sent to Job seen", "at most twice that alone", f"{beside / alone:.1f}x"),
    )
    return markdown(("", "goal", "seen"), rows)


def _rates(measured: Measured) -> str:
    names: dict[User, str] = {"plain": "plain client", "resumed": "sweep"}
    rows = [
        (
            name,
            f"{measured.rate(user):.1f}",
            f"{statistics.median(turn.cpu_ms for turn in measured.turns[user]):.1f}",
        )
        for user, name in names.items()
    ]
    return markdown(("", "runs/s", "operator's CPU, ms a run"), rows)


def _latencies(measured: Measured) -> str:
    found = ((name, percentiles("job", waits)) for name, waits in measured.waits.items())
    rows = [(name, f"{each['job_p50_ms']:.0f}", f"{each['job_p99_ms']:.0f}") for name, each in found]
    return markdown(("neighbour's run to its Job", "p50, ms", "p99, ms"), rows)


def _share(measured: Measured) -> float:
    return measured.rate("resumed") / measured.rate("plain")


def _percentile(waits: Sequence[float]) -> float:
    return percentiles("job", waits)["job_p99_ms"]


def _largest(turns: Sequence[Turn]) -> int:
    return max(int(turn.played["bytes"]) for turn in turns)


def _repeated(turn: Turn, ended: int) -> int:
    """Return how many of the sweep's points are not the first trial there."""
    points = [json.dumps(json.loads(text), sort_keys=True) for text in turn.played["points"]]
    points += [json.dumps(json.loads(text), sort_keys=True) for text in points_of(ended)]
    return len(points) - len(set(points))


def _tell(name: str, turn: Turn) -> None:
    seen = {key: value for key, value in turn.played.items() if key != "points"}
    print(f"{name}: {turn.rate:.1f}/s, {turn.cpu_ms:.1f} ms a run, {seen}", file=sys.stderr, flush=True)

"""How fast the operator is, beside a client without logic that sends the same requests.

    make bench-operator [BEFORE=COMMIT] [PEER=JobSet] [BENCH_FLAGS=...]

etcd and kube-apiserver are real; a player in a process of its own is user, Job controller and kubelet.
Subjects take turns, forwards and backwards, each time in a new namespace. Absolute figures belong to this
machine; the ratios hold elsewhere.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.operator import report
from bench.operator.cores import Cores, cores_of, own_cores
from bench.operator.laboratory import laboratory
from bench.operator.measures import Bench, Figures
from bench.operator.subjects import ROOT, Subject


class Rows:
    """Figures of every run of every subject, told on standard error as they come."""

    def __init__(self) -> None:
        self.waits: dict[str, list[float]] = defaultdict(list)
        self._runs: dict[str, list[Figures]] = defaultdict(list)

    def add(self, subject: Subject, figures: Figures) -> None:
        """Take in one run."""
        self._runs[subject.name].append(figures)
        print(subject.name, report.line(figures), file=sys.stderr, flush=True)

    def median(self, name: str, key: str) -> float:
        """Return the median of one figure of a subject."""
        return statistics.median(run[key] for run in self._runs[name] if key in run)

    def medians(self) -> dict[str, Figures]:
        """Return the median of each figure for each subject, and the percentiles of all waits."""
        return {
            name: {
                **{key: self.median(name, key) for key in {key for run in runs for key in run}},
                **report.percentiles("created_to_job", self.waits[name]),
            }
            for name, runs in self._runs.items()
        }


def measure(bench: Bench, subjects: list[Subject], options: argparse.Namespace) -> dict[str, Figures]:
    """Return the median of each figure for each subject."""
    rows = Rows()
    turns = [subjects if number % 2 == 0 else subjects[::-1] for number in range(options.rounds)]
    for turn in turns:
        for subject in turn:
            rows.add(subject, bench.burst(subject, options.jobs))
    half = min(rows.median(subject.name, "jobs_per_second") for subject in subjects) / 2
    jobs = max(int(half * options.seconds), options.paced)
    for turn in turns:
        for subject in turn:
            figures, waits = bench.paced(subject, jobs, half)
            rows.add(subject, {**figures, "paced_jobs_per_second": half})
            rows.waits[subject.name] += waits
    _measure_starts(bench, turns, options, rows)
    return rows.medians()


def _measure_starts(
    bench: Bench, turns: list[list[Subject]], options: argparse.Namespace, rows: Rows
) -> None:
    """Start each operator beside runs under way, of two sizes, and beside runs that have ended."""
    operators = [[subject for subject in turn if subject.is_operator] for turn in turns]
    under_way = bench.original(operators[0][0], finished=False)
    small, large = (bench.copied(under_way, size) for size in options.live)
    fewer, more = options.live
    for subject in operators[0]:
        least, most = (bench.start(subject, namespace)["start_mb"] for namespace in (small, large))
        rows.add(subject, {"kb_per_live_run": (most - least) * 1024 / (more - fewer)})
    if not options.finished:
        return
    ended = bench.copied(bench.original(operators[0][0], finished=True), options.finished)
    for turn in operators:
        for subject in turn:
            rows.add(subject, bench.start(subject, ended, options.idle))


def main() -> None:
    """Measure, print a table and write the figures as JSON."""
    options = _options()
    began = time.monotonic()
    cores = cores_of(own_cores())
    with laboratory(options.before, options.peer) as (bench, subjects):
        figures = measure(bench, subjects, options)
    settings = {**_settings(options, cores), "minutes": round((time.monotonic() - began) / 60, 1)}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps({"settings": settings, "figures": figures}, indent=2) + "\n")
    print(report.head(settings))
    print(report.table(figures))
    print(f"\nwritten to {options.output}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100, help="resources of a burst")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--paced", type=int, default=50, help="resources at half the rate, at least")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long these take, at least")
    parser.add_argument("--live", type=int, nargs=2, default=(1000, 4000), help="two numbers of live runs")
    parser.add_argument("--finished", type=int, default=10_000, help="resources that have ended")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds beside them")
    parser.add_argument(
        "--before", metavar="COMMIT", default="", help="measure the operator of this commit, too"
    )
    parser.add_argument("--peer", choices=["JobSet"], default="", help="measure its manager, too")
    parser.add_argument("--output", type=Path, default=ROOT / "build/bench-operator.json", help="a JSON file")
    return parser.parse_args()


def _settings(options: argparse.Namespace, cores: Cores) -> dict[str, Any]:
    given = {key: value for key, value in vars(options).items() if key != "output"}
    return {
        **given,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": str(cores),
        "load": os.getloadavg()[2],
    }


if __name__ == "__main__":
    main()

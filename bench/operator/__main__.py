"""How fast the operator is, beside a client without logic that sends the same requests.

    make bench-operator
    python -m bench.operator [--jobs 500] [--rounds 3] [--finished 10000] [--before COMMIT] [--output F]

etcd and kube-apiserver are real; a player in a process of its own is user, Job controller and kubelet.
Subjects take turns, forwards and backwards, each time in a new namespace. Absolute figures belong to this
machine; the ratios hold elsewhere.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.operator import report
from bench.operator.sample import IMAGE, sample
from bench.operator.subjects import ROOT, Subject, code_of, operator, reference

from devcluster.audit import parse_request
from devcluster.controlplane import ControlPlane
from integration.operator.api import Api
from integration.operator.installed import install_crd

Figures = dict[str, float]

_FLAGS = ("--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000")


class Bench:
    """One control plane and the folder that everything lies in."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self._plane = plane
        self._folder = folder
        self._admin = Api(plane.kubeconfig)
        install_crd(self._admin)
        self.sample = folder / "sample.json"
        self.sample.write_text(json.dumps(sample()))

    def namespace(self, name: str) -> str:
        """Return a new namespace."""
        self._admin.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def run(self, module: str, *arguments: object) -> str:
        """Run a program of ours as an administrator; return what it printed."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *map(str, _paths())])}
        command = [sys.executable, "-m", f"bench.operator.{module}", self._plane.kubeconfig]
        done = subprocess.run(
            [*map(str, command), *map(str, arguments)], env=environment, check=True, stdout=subprocess.PIPE
        )
        return done.stdout.decode()

    def rate(self, subject: Subject, number: int, jobs: int) -> Figures:
        """Play `jobs` runs to their end in a new namespace."""
        namespace = self.namespace(f"{subject.name}-{number}")
        user = self._plane.kubeconfig_for(f"{subject.name}-{number}", ["system:masters"])
        with subject.running(user, namespace, self._folder / f"{subject.name}.log") as process:
            process.settle()
            cpu, memory = process.cpu_seconds, process.memory_kb("VmRSS")
            played = json.loads(self.run("player", namespace, jobs))
            process.settle()
            return {
                "jobs_per_second": jobs / played["seconds"],
                "cpu_ms_per_job": (process.cpu_seconds - cpu) * 1000 / jobs,
                "player_cpu_ms_per_job": played["cpu"] * 1000 / jobs,
                "base_mb": memory / 1024,
                "kb_per_job": (process.memory_kb("VmRSS") - memory) / jobs,
                **{f"{verb}_per_job": n / jobs for verb, n in self._requests(f"{subject.name}-{number}")},
            }

    def start(self, subject: Subject, namespace: str, number: int) -> Figures:
        """Start beside resources that are finished, and wait until all is read."""
        user = self._plane.kubeconfig_for(f"{subject.name}-start-{number}", ["system:masters"])
        began = time.monotonic()
        with subject.running(user, namespace, self._folder / f"{subject.name}.log") as process:
            process.settle()
            quiet = time.monotonic() - began
            return {
                "start_seconds": quiet - 1.0,
                "start_cpu_seconds": process.cpu_seconds,
                "start_mb": process.memory_kb("VmRSS") / 1024,
                "start_peak_mb": process.memory_kb("VmHWM") / 1024,
                "start_writes": sum(
                    n for verb, n in self._requests(f"{subject.name}-start-{number}") if verb != "list"
                ),
            }

    def _requests(self, user: str) -> list[tuple[str, int]]:
        with self._plane.audit_log.open() as log:
            asked = [parse_request(line) for line in log if user in line and line.endswith("\n")]
        counted = Counter(
            "events" if request.resource == "events" else request.verb
            for request in asked
            if request and request.user == user and request.verb != "watch" and request.resource
        )
        return sorted(counted.items())


def _paths() -> list[Path]:
    return [ROOT / folder for folder in ("crds", "operator", "hack", "tests")]


def _medians(rows: dict[str, list[Figures]]) -> dict[str, Figures]:
    keys = {name: sorted({key for run in runs for key in run}) for name, runs in rows.items()}
    return {
        name: {key: statistics.median(run[key] for run in runs if key in run) for key in keys[name]}
        for name, runs in rows.items()
    }


def measure(bench: Bench, subjects: list[Subject], options: argparse.Namespace) -> dict[str, Figures]:
    """Return the median of each figure for each subject."""
    rows: dict[str, list[Figures]] = defaultdict(list)
    for number in range(options.rounds):
        for subject in subjects if number % 2 == 0 else reversed(subjects):
            rows[subject.name].append(bench.rate(subject, number, options.jobs))
            print(subject.name, number, report.line(rows[subject.name][-1]), file=sys.stderr)
    if options.finished:
        namespace = bench.namespace("finished")
        bench.run("finished", namespace, options.finished, bench.sample)
        for number in range(options.rounds):
            for subject in [each for each in subjects if each.name != "reference"]:
                rows[subject.name].append(bench.start(subject, namespace, number))
                print(subject.name, number, report.line(rows[subject.name][-1]), file=sys.stderr)
    return _medians(rows)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--finished", type=int, default=10_000)
    parser.add_argument("--before", metavar="COMMIT", help="measure the operator of this commit, too")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bench-operator-") as name:
        folder = Path(name)
        with ControlPlane(folder / "plane", extra_flags=_FLAGS) as plane:
            bench = Bench(plane, folder)
            subjects = [operator("operator", ROOT, IMAGE), reference(bench.sample)]
            if options.before:
                subjects.append(operator("before", code_of(options.before, folder / "before"), IMAGE))
            figures = measure(bench, subjects, options)
    settings: dict[str, Any] = {key: str(value) for key, value in vars(options).items() if key != "output"}
    if options.output:
        options.output.write_text(json.dumps({"settings": settings, "figures": figures}, indent=2) + "\n")
    print(report.table(figures))


if __name__ == "__main__":
    main()

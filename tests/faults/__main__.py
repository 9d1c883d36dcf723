"""Every fault at every write and event of every scenario, and what came of it.

    make test-faults [SCENARIO='retry|deadline'] [KIND='kill after|410'] [SEED=1] [RESUME=1]

A run without a fault comes first for each scenario: it tells the points at which one may be committed, and
the end that every other run must come to.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devcluster.controlplane import ControlPlane
from devcluster.scratch import scratch_folder
from faults.campaign import Campaign, Choice
from faults.fault import Kind
from faults.operators import ROOT, Operators
from faults.plane import Plane, installed
from faults.report import page, progress
from faults.run import Runner
from faults.scenarios import SCENARIOS
from faults.summary import Summary

SAVED = ROOT / "build/faults.json"
AT_ONCE = 24
SAVE_EACH = 25


def main() -> int:
    """Run all that was chosen; return 1 where anything was found."""
    options = _options()
    choice = Choice(options.scenario, options.kind, options.seed)
    choice.scenarios(), choice.kinds()
    summary = Summary.load(SAVED) if options.resume and SAVED.exists() else Summary()
    try:
        with scratch_folder("faults") as there, control_plane(Path(there)) as control:
            asyncio.run(_run(control, Path(there), choice, summary, options.at_once))
    except KeyboardInterrupt:
        print("\nstopped; RESUME=1 goes on", file=sys.stderr)
    summary.save(SAVED)
    print(*summary.findings(), sep="\n")
    if options.output:
        options.output.write_text(page(summary))
        print(f"written to {options.output}")
    return 1 if summary.found else 0


@contextmanager
def control_plane(folder: Path) -> Iterator[ControlPlane]:
    """Run a control plane with the CRD and the operator's rights."""
    control = installed(folder / "plane")
    try:
        yield control
    finally:
        control.stop()


async def _run(control: ControlPlane, folder: Path, choice: Choice, summary: Summary, at_once: int) -> None:
    before = len(summary.results)

    def done() -> None:
        print(progress(summary, before), end="\r", file=sys.stderr, flush=True)
        if len(summary.results) % SAVE_EACH == 0:
            summary.save(SAVED)

    async with Operators.of() as operators, Plane.on(control) as plane:
        runner = Runner(plane, operators, folder)
        try:
            await Campaign(runner, runner, choice, at_once).run(summary, done)
        finally:
            runs = len(summary.results) - before + len(summary.references)
            harness = sum(os.times()[:2])
            summary.end(runs, operators=runner.operator_seconds, harness=harness, servers=_cpu_of(control))


def _cpu_of(control: ControlPlane) -> float:
    """Return the CPU seconds of etcd and the API server."""
    running = [control._supervisor.find(name) for name in ("etcd", "kube-apiserver")]
    stats = [
        Path(f"/proc/{each.pid}/stat").read_text().rpartition(")")[2].split() for each in running if each
    ]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--scenario", default="", help=f"some of: {'|'.join(each.name for each in SCENARIOS)}"
    )
    parser.add_argument("--kind", default="", help=f"some of: {'|'.join(Kind)}")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the runs")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="runs at the same time")
    parser.add_argument("--resume", action="store_true", help=f"keep what {SAVED.relative_to(ROOT)} holds")
    parser.add_argument("--output", type=Path, help="a Markdown file, such as docs/faults.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

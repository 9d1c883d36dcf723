"""What a sweep costs the operator; writes docs/sweep-speed.md.

    make bench-sweeps [BENCH_FLAGS="--trials 10000 --last 600"]

First one reconciliation of sweeps of several sizes, then a whole sweep on a real API server.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.sweeps import cluster, reconciliation

from segcompress_runner.processor import this_processor

PAGE = Path(__file__).parents[2] / "docs" / "sweep-speed.md"

_HEAD = """# What a sweep costs

Written by `make bench-sweeps` ({how}).

"""


def main() -> int:
    """Measure, and write the page."""
    options = _options()
    started = datetime.now(UTC)
    sections = [cluster.section(options), reconciliation.section()]
    minutes = (datetime.now(UTC) - started).total_seconds() / 60
    how = f"{started:%Y-%m-%d}, {minutes:.1f} minutes on {_where()}"
    PAGE.write_text(_HEAD.format(how=how) + "\n".join(sections))
    print(PAGE.read_text())
    return 0


def _where() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {this_processor('CPU')}; load of the last minute {os.getloadavg()[0]:.1f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000, help="of the sweep")
    parser.add_argument(
        "--last", type=int, default=600, help="how many of them are played; the others have ended"
    )
    parser.add_argument("--rounds", type=int, default=2, help="turns of the sweep, and of the plain client")
    parser.add_argument("--parallel", type=int, default=100, help="runs in flight")
    parser.add_argument("--neighbours", type=int, default=100, help="runs of the neighbour")
    parser.add_argument("--pace", type=float, default=4.0, help="of them a second")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

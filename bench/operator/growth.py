"""Rate, latency and memory over the number of resources; writes docs/scale.md and its picture.

    make bench-scale [PEER=JobSet] [BENCH_FLAGS="--sizes 300 1000 3000"]

Each subject starts on an empty namespace and stays: bursts bring it to one size after another, and at each
size more resources follow at a steady rate, so that their latency does not measure a backlog.
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
from bench.operator import report
from bench.operator.cores import cores_of, own_cores
from bench.operator.laboratory import laboratory
from bench.operator.measures import Figures
from bench.operator.subjects import ROOT
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segcompress_runner.outputs.table import markdown
from segcompress_runner.processor import this_processor

PAGE = ROOT / "docs" / "scale.md"
PICTURE = ROOT / "docs" / "scale.svg"
_COLUMNS = {
    "resources": "resources",
    "jobs_per_second": "jobs/s, all at once",
    "cpu_ms_per_job": "CPU ms per job",
    "created_to_job_p50_ms": "to Job p50, ms",
    "created_to_job_p99_ms": "to Job p99, ms",
    "mb": "MB at rest",
}
_PLOTTED = ("jobs_per_second", "created_to_job_p99_ms", "mb")

INTRODUCTION = """# How the operator scales

Written by `{command}` ({date}, {minutes:.0f} minutes on {cores} of {processor}; load of the last 15 minutes
{load:.1f}).

*Operator* is this checkout's, *reference* a client without logic that sends the same requests{peer}.
Each starts on an empty namespace and stays while it fills: bursts bring it to each size, and {paced} more
resources follow at {pace:g} a second, whose time from being sent to their Job being seen is *to Job*.
A player in a process of its own is user, Job controller and kubelet, and writes five times a run where the
operator writes three times and creates two Events; on few cores it and the API server take most of the time,
so that the ratio to the reference counts, not the rate.

![Rate, latency and memory over the number of resources](scale.svg)

"""

Growth = Mapping[str, Sequence[Figures]]
"""Of each subject, its figures at each size."""


def main() -> None:
    """Measure, and write the page."""
    options = _options()
    began = time.monotonic()
    with laboratory(peer=options.peer) as (bench, subjects):
        growth = {
            subject.name: bench.growth(subject, options.sizes, options.paced, options.pace)
            for subject in subjects
        }
    draw(growth, PICTURE)
    PAGE.write_text(_introduction(options, time.monotonic() - began) + table(growth) + "\n")
    print(f"written to {PAGE.relative_to(ROOT)}", file=sys.stderr)


def table(growth: Growth) -> str:
    """Return a row for each subject and size."""
    rows = [
        (name, *(report.text(figures[key]) for key in _COLUMNS))
        for name, sizes in growth.items()
        for figures in sizes
    ]
    return markdown(("", *_COLUMNS.values()), rows)


def _introduction(options: argparse.Namespace, seconds: float) -> str:
    given = f" PEER={options.peer}" if options.peer else ""
    return INTRODUCTION.format(
        command=f"make bench-scale{given}",
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        minutes=seconds / 60,
        cores=cores_of(own_cores()),
        processor=this_processor("CPU").cpu,
        load=os.getloadavg()[2],
        peer=", *JobSet* the manager of JobSet with one Job a JobSet" if options.peer else "",
        paced=options.paced,
        pace=options.pace,
    )


def draw(growth: Growth, picture: Path) -> None:
    """Draw rate, latency and memory side by side, each from zero."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "segcompress", "font.size": 9}):
        figure = Figure(figsize=(10, 3), layout="constrained")
        for area, key in zip(figure.subplots(1, len(_PLOTTED)), _PLOTTED, strict=True):
            _plot(area, key, growth)
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        figure.savefig(picture, metadata={"Date": None})


def _plot(area: Axes, key: str, growth: Growth) -> None:
    for name, sizes in growth.items():
        area.plot([at["resources"] for at in sizes], [at[key] for at in sizes], "o-", label=name)
    area.set(title=_COLUMNS[key], xlabel="resources")
    area.set_xlim(left=0)
    area.set_ylim(bottom=0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=(300, 1000, 3000), help="ascending")
    parser.add_argument("--paced", type=int, default=100, help="resources at a pace at each size")
    parser.add_argument("--pace", type=float, default=10.0, help="of them a second")
    parser.add_argument("--peer", choices=["JobSet"], default="", help="measure its manager, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()

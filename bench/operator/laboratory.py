"""An API server of its own with everything that is measured on it, for as long as a context lasts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.operator import jobset
from bench.operator.cores import cores_of, own_cores
from bench.operator.measures import Bench
from bench.operator.sample import IMAGE
from bench.operator.subjects import ROOT, Subject, code_of, operator, reference

from devcluster.controlplane import ControlPlane
from devcluster.layout import Layout
from devcluster.scratch import scratch_folder

_MEMORY_SHARE = 0.4

_FLAGS = ("--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000")


@contextmanager
def laboratory(before: str = "", peer: str = "") -> Iterator[tuple[Bench, list[Subject]]]:
    """Start an API server; `before` is a commit whose operator is measured, too, `peer` JobSet or empty."""
    cores = cores_of(own_cores())
    os.sched_setaffinity(0, cores.servers)
    with scratch_folder("bench-operator") as name:
        folder = Path(name)
        plane = ControlPlane(folder / "plane", extra_flags=_FLAGS)
        plane.environment.update(_rare_collections())
        with plane:
            bench = Bench(plane, folder, cores)
            subjects = [operator("operator", ROOT, IMAGE), reference(bench.sample)]
            if before:
                subjects.append(operator("before", code_of(before, folder / "before"), IMAGE))
            if peer:
                subjects.append(jobset.jobset(Layout.from_environment(os.environ), folder / "jobset"))
                jobset.install_crd(bench.admin)
            yield bench, subjects


def _rare_collections() -> dict[str, str]:
    """Return the settings of an API server that collects garbage only once it has used much memory.

    Beside 30,000 objects a collection takes two cores for two seconds, whatever is measured meanwhile.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"GOGC": "off", "GOMEMLIMIT": f"{memory * _MEMORY_SHARE:.0f}B"}

"""The local cluster leaves everything of other programs as it is: while it runs, and when it goes."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from devcluster import cgroups
from devcluster.processes import Running, start_ticks
from e2e.conftest import not_run
from e2e.machine import Machine


@pytest.fixture
def machine(_built: None, tmp_path: Path) -> Iterator[Machine]:
    if os.geteuid() != 0:
        not_run("namespaces that stand for a machine need root")
    with Machine(tmp_path) as made:
        yield made


def test_other_programs_keep_what_they_have(machine: Machine) -> None:
    machine.settle("before", 1)
    found = machine.look()
    machine.devcluster("up")
    assert machine.look_at_others() == found
    machine.devcluster("down")
    assert machine.look() == found
    assert (machine.data / "precious").read_text() == "not to be lost"


def test_other_programs_keep_what_they_got_while_it_ran(machine: Machine) -> None:
    machine.devcluster("up")
    machine.settle("during", 1)
    found = machine.look_at_others()
    machine.devcluster("down")
    assert machine.look() == found
    assert (machine.data / "precious").read_text() == "not to be lost"


def test_records_of_an_earlier_boot_touch_nothing(machine: Machine) -> None:
    """A restart ends our processes; their ids may then be those of other programs."""
    machine.devcluster("up")
    machine.settle("after", 1)
    cgroups.kill(cgroups.processes, machine.layout.name)
    others = machine.others()
    for path, pid in zip(sorted(machine.layout.processes.glob("*.json")), others * 3, strict=True):
        record = Running(**json.loads(path.read_text()))
        path.write_text(
            json.dumps(asdict(replace(record, pid=pid, ticks=start_ticks(pid) or 0, boot="earlier")))
        )
    found = machine.look_at_others()
    machine.devcluster("down")
    assert machine.look() == found
    assert (machine.data / "precious").read_text() == "not to be lost"

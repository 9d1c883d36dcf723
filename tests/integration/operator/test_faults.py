"""A few of the faults of `make test-faults`: the operator killed, and what its watches may do to it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from faults.campaign import Campaign, Choice
from faults.operators import Operators
from faults.plane import Plane, installed
from faults.run import Runner
from faults.summary import Summary

AT_ONCE = 24
CHOICE = Choice("success|deleted while running", "500|kill after|drop|410")


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ControlPlane]:
    """Start a control plane without controllers, which the harness plays."""
    running = installed(tmp_path / "plane")
    yield running
    running.stop()


async def campaign(control: ControlPlane, folder: Path) -> Summary:
    summary = Summary()
    async with Operators.of() as operators, Plane.on(control) as plane:
        runner = Runner(plane, operators, folder)
        await Campaign(runner, runner, CHOICE, AT_ONCE).run(summary, lambda: None)
    return summary


def test_every_run_comes_to_the_end_that_it_has_without_a_fault(
    control: ControlPlane, tmp_path: Path
) -> None:
    summary = asyncio.run(campaign(control, tmp_path))
    assert [*summary.findings()] == []
    struck = {result.fault.kind for result in summary.results if result.struck}
    assert struck == CHOICE.kinds()

"""Two operators and one Lease: one acts, and the other goes on where it ends."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from devcluster.audit import read_requests
from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, eventually
from integration.operator.objects import SUCCEEDED
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.stage import Stage, spec
from integration.operator.team import LEASE, Team


@pytest.fixture
def team(api: Api, namespace: str, start_operator: Callable[..., Operator]) -> Iterator[Team]:
    members = Team(api, lambda: start_operator(namespace, SEGCOMPRESS_LEASE=LEASE))
    yield members
    members.end()


def jobs_made(plane: ControlPlane, namespace: str) -> Counter[str]:
    """Count how often each Job was created."""
    asked = read_requests(plane.audit_log, OPERATOR_USER)
    return Counter(
        each.name
        for each in asked
        if (each.verb, each.resource, each.namespace, each.code) == ("create", "jobs", namespace, 201)
    )


def starts(stage: Stage) -> None:
    """Make the stage's resource, and wait until an operator has seen to it."""
    stage.apply(spec(ttlSecondsAfterFinished=0))
    stage.reaches("Reconciling", "Pending")


def ends(stage: Stage) -> None:
    """Let the run end, and its Job go; made anew, it would be there again."""
    query = f"labelSelector=segcompress.dev/job-name={stage.name}"
    pods = eventually(lambda: stage.api.list("pods", stage.namespace, query), "a pod")
    stage.exits(pods[0], 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")
    eventually(lambda: stage.gone("jobs", stage.status()["jobName"]), "the Job gone")


def test_hand_overs_lose_nothing_and_make_no_job_twice(
    api: Api, plane: ControlPlane, namespace: str, team: Team
) -> None:
    first, second, third = (Stage(api, namespace, name) for name in ("first", "second", "third"))
    team.join()
    leader, standby = team.leader(), team.join()
    starts(first)
    assert leader.stop() == 0
    assert team.leader(leader) is standby
    starts(second)
    ends(first)

    last = team.join()
    standby.kill()
    assert team.leader(standby) is last
    starts(third)
    ends(second)
    ends(third)
    made = jobs_made(plane, namespace)
    assert len(made) == 3
    assert set(made.values()) == {1}


def test_standby_writes_nothing(api: Api, namespace: str, team: Team) -> None:
    team.join()
    team.leader()
    standby = team.join()
    stage = Stage(api, namespace)
    starts(stage)
    assert "made Job" not in standby.log.read_text()
    assert standby.stop() == 0


def test_leader_that_hung_for_longer_than_its_lease_ends(api: Api, namespace: str, team: Team) -> None:
    team.join()
    hung = team.leader()
    team.join()
    hung.pause()
    stage = Stage(api, namespace)
    try:
        assert team.leader(hung) is not hung
        starts(stage)
    finally:
        hung.resume()
    eventually(lambda: not hung.runs(), "the end of the operator that hung")
    log = hung.log.read_text()
    assert "is lost" in log
    assert "made Job" not in log

"""What is kept of a pod: every fact of one that says all, and the defaults of one that says nothing."""

from typing import Any

import pytest

from segcompress_operator.planning.observed import ObservedPod
from unit.operator.kept import BARE, EPOCH, META, OWNED, facts, moment, parse_pod, said

ENDED = {
    "exitCode": 137,
    "reason": "OOMKilled",
    "message": "a" + "b" * 4096,
    "startedAt": said(3),
    "finishedAt": said(4),
}
ENDED_POD = {
    "metadata": {**META, **OWNED},
    "spec": {"nodeName": "node-a"},
    "status": {
        "phase": "Failed",
        "reason": "Evicted",
        "message": "the node was low on memory",
        "conditions": [{"type": "DisruptionTarget", "status": "True"}],
        "containerStatuses": [
            {"name": "sidecar", "state": {"running": {}}},
            {"name": "runner", "state": {"terminated": ENDED}},
        ],
    },
}


def test_facts_of_a_pod_that_ended() -> None:
    assert facts(parse_pod(ENDED_POD)) == facts(
        ObservedPod(
            uid="u",
            namespace="vision",
            name="n",
            owner_uid="owner",
            resource_version="12",
            created=moment(1),
            terminal=True,
            deleting=True,
            released=True,
            ends_by=moment(2),
            node="node-a",
            running=False,
            disrupted=True,
            exit_code=137,
            out_of_memory=True,
            message="b" * 4096,
            verdict="Evicted: the node was low on memory",
            waiting_reason="",
            waiting_message="",
            unscheduled="",
            started=moment(3),
            finished=moment(4),
        )
    )


def test_facts_of_a_pod_that_says_nothing() -> None:
    assert facts(parse_pod(BARE)) == facts(
        ObservedPod(
            uid="u",
            namespace="",
            name="n",
            owner_uid="",
            resource_version="",
            created=EPOCH,
            terminal=False,
            deleting=False,
            released=False,
            ends_by=None,
            node="",
            running=False,
            disrupted=False,
            exit_code=None,
            out_of_memory=False,
            message="",
            verdict="",
            waiting_reason="",
            waiting_message="",
            unscheduled="",
            started=None,
            finished=None,
        )
    )


def test_facts_of_a_pod_that_waits_and_of_one_that_runs() -> None:
    def with_state(state: dict[str, Any]) -> ObservedPod:
        return parse_pod({**BARE, "status": {"containerStatuses": [{"name": "runner", "state": state}]}})

    waiting = with_state({"waiting": {"reason": "ErrImagePull", "message": "x" * 5000}})
    assert (waiting.waiting_reason, waiting.waiting_message) == ("ErrImagePull", "x" * 4096)
    assert (with_state({"waiting": {}}).waiting_reason, with_state({"waiting": {}}).waiting_message) == (
        "",
        "",
    )
    running = with_state({"running": {"startedAt": said(3)}})
    assert (running.running, running.started, running.exit_code) == (True, moment(3), None)
    assert with_state({"running": {}}).running
    assert with_state({"terminated": {"exitCode": "0"}}).exit_code is None


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}, "0/3 nodes"),
        ({"status": "False", "reason": "SchedulingGated"}, "SchedulingGated"),
        ({"status": "False"}, ""),
        ({"status": "True", "message": "is on a node"}, ""),
    ],
)
def test_why_a_pod_has_no_node(condition: dict[str, Any], words: str) -> None:
    status = {"conditions": [{"type": "PodScheduled", **condition}]}
    assert parse_pod({**BARE, "status": status}).unscheduled == words

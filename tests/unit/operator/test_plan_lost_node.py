"""Pods that were deleted and have not ended, because their node does not answer."""

from typing import Any

import pytest

from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Observed, Plan
from unit.operator.planned import RUNNING, plan, reconciling
from unit.operator.samples import DISRUPTED, at, make_job, pod_body


def leaving_pod(ends: float, *, running: bool = True, node: str = "gpu-7") -> Any:
    state = {"running": {"startedAt": at(-900)}} if running else {"waiting": {"reason": "ContainerCreating"}}
    body = pod_body("demo-pod", state, "Running", conditions=DISRUPTED)
    body["metadata"]["deletionTimestamp"] = at(ends)
    return parse_pod({**body, "spec": {"nodeName": node}})


@pytest.mark.parametrize("running", [True, False])
def test_pod_whose_node_does_not_answer_is_named_with_the_deadline(*, running: bool) -> None:
    made = plan(Observed(jobs=(make_job(),), pods=(leaving_pod(-16, running=running),)))
    reason, message = reconciling(made)
    assert reason == "NodeLost"
    assert f"pod demo-pod on node gpu-7 should have ended by {at(-16)}" in message
    assert f"a new pod follows, until spec.activeDeadlineSeconds ends at {at(570)}" in message
    assert "node.kubernetes.io/out-of-service" in message


def test_pod_that_outlives_the_deadline_on_a_lost_node_is_said_to_be_awaited() -> None:
    ending = {"conditions": [{"type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded"}]}
    made = plan(Observed(jobs=(make_job(status=ending),), pods=(leaving_pod(-16),)), status=RUNNING)
    reason, message = reconciling(made)
    assert reason == "NodeLost"
    assert "the run ends once the node answers" in message


def test_pod_within_its_grace_is_looked_at_again_when_that_is_over() -> None:
    made = plan(Observed(jobs=(make_job(),), pods=(leaving_pod(20),)))
    assert reconciling(made)[0] == "Running"
    assert made.requeue_after == 35
    unseen = plan(Observed(jobs=(make_job(),), pods=(leaving_pod(20, running=False),)))
    assert unseen == Plan(requeue_after=35)


def test_pod_that_never_had_a_node_is_not_lost() -> None:
    assert plan(Observed(jobs=(make_job(),), pods=(leaving_pod(-99, running=False, node=""),))) == Plan()

"""Words of kubelet and scheduler in the status: seldom rewritten, and cut."""

from typing import Any

import pytest

from segcompress_api.conditions import MESSAGE_LIMIT
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Observed, Refusal
from unit.operator.planned import plan, reconciling, status_of
from unit.operator.samples import DISRUPTED, NOW, at, ended_pod, make_job, pending_pod, pod_body


def test_image_message_stays_while_the_kubelet_tries_again() -> None:
    jobs = (make_job(),)
    first = plan(Observed(jobs=jobs, pods=(pending_pod("ErrImagePull", "runner:1: not found"),)))
    later = Observed(jobs=jobs, pods=(pending_pod("ImagePullBackOff", "Back-off"),))
    assert status_of(plan(later, status=status_of(first).to_wire())) == status_of(first)


def unschedulable(words: str) -> Any:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
    return parse_pod(pod_body("demo-pod", conditions=[scheduled]))


@pytest.mark.parametrize(
    ("written", "second", "wait"),
    [
        pytest.param(-10, "0/3 nodes are available: 2 Insufficient cpu.", 50, id="other numbers"),
        pytest.param(-10, "0/2 nodes are available: 2 node(s) had untolerated taint.", 50, id="other words"),
        pytest.param(-60, "0/3 nodes are available: 2 Insufficient cpu.", None, id="a minute later"),
    ],
)
def test_new_wording_of_the_scheduler_is_written_once_a_minute(
    written: float, second: str, wait: float | None
) -> None:
    jobs = (make_job(),)
    first = plan(Observed(jobs=jobs, pods=(unschedulable("0/2 nodes are available: 1 Insufficient cpu."),)))
    manager = [{"manager": "operator", "subresource": "status", "time": at(written)}]
    later = plan(
        Observed(jobs=jobs, pods=(unschedulable(second),)),
        status=status_of(first).to_wire(),
        managedFields=manager,
    )
    assert (status_of(later) == status_of(first)) is (wait is not None)
    assert later.requeue_after == wait


def test_another_reason_is_written_at_once() -> None:
    jobs = (make_job(),)
    manager = [{"manager": "operator", "subresource": "status", "time": at(-1)}]
    first = plan(
        Observed(jobs=jobs, pods=(pending_pod("CreateContainerConfigError", 'secret "a" not found'),))
    )
    words = "couldn't find key secretKey in Secret vision/a"
    later = plan(
        Observed(jobs=jobs, pods=(pending_pod("CreateContainerConfigError", words),)),
        status=status_of(first).to_wire(),
        managedFields=manager,
    )
    assert words in reconciling(later)[1]


LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("refusal", "pods"),
    [
        pytest.param(LONG, (), id="refusal"),
        pytest.param("", (pending_pod("ErrImagePull", LONG),), id="image"),
        pytest.param("", (pending_pod("CreateContainerError", LONG),), id="container"),
        pytest.param("", (unschedulable(LONG),), id="scheduler"),
        pytest.param("", (ended_pod(1, "x\n" * 100_000),), id="crash"),
        pytest.param("", (ended_pod(137, conditions=DISRUPTED, reason=LONG),), id="eviction"),
    ],
)
def test_messages_of_others_are_cut(refusal: str, pods: tuple[Any, ...]) -> None:
    known = Observed(jobs=(make_job(),), pods=pods, refusal=Refusal("Pod", refusal, NOW) if refusal else None)
    longest = max(len(c.message) for c in status_of(plan(known)).conditions)
    assert 50 < longest < MESSAGE_LIMIT

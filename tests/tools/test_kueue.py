"""Runs of two tenants in Kueue's queues: admitted, preempted and taken up again by Kueue's own manager."""

import time
from collections.abc import Callable

import pytest

from devcluster.controlplane import ControlPlane
from integration.operator.api import eventually
from integration.operator.process import Operator
from tools.nodes import STOPPED, Kubelet
from tools.story import Story
from tools.tenants import Run, Tenant, jobs_created

URGENT = {"kueue.x-k8s.io/priority-class": "urgent"}
_A_SECOND = 1.1
"""Kueue orders admissions by conditions, whose times are whole seconds."""


@pytest.fixture
def tenant(add_tenant: Callable[..., Tenant]) -> Tenant:
    """Return a tenant with one GPU, which nobody shares."""
    return add_tenant("alone", 1)


def submit_in_turn(tenant: Tenant, *names: str) -> list[Run]:
    """Submit runs that are admitted one after the other."""
    runs = []
    for name in names:
        runs.append(tenant.submit(name).at_work())
        time.sleep(_A_SECOND)
    return runs


def test_two_tenants_share_four_gpus(
    plane: ControlPlane, add_tenant: Callable[..., Tenant], operator: Operator, kubelet: Kubelet
) -> None:
    research, vision = add_tenant("research", 2), add_tenant("vision", 2)
    story = Story("research 1", "2", "3", "4", "5", "vision 1", "2")

    r1, r2, r3, r4 = submit_in_turn(research, "r-1", "r-2", "r-3", "r-4")
    r5 = research.submit("r-5").queued()
    story.step("research submits five; vision's two GPUs are free, and borrowed", r1, r2, r3, r4, r5)

    v1 = vision.submit("v-1").at_work()
    r4.queued()
    story.step("vision submits one: Kueue takes back a GPU", v1)

    v2 = vision.submit("v-2").at_work()
    r3.queued()
    story.step("vision submits a second", v2)

    r1.succeeds()
    r3.at_work()
    story.step("research 1 ends: the first of research's queue goes on")

    v1.succeeds()
    r4.at_work()
    story.step("vision 1 ends: research borrows again")

    for run in (r2, r3, r4, v2):
        run.succeeds()
    r5.at_work().succeeds()
    story.step("all others end")

    assert operator.runs()
    preempted = {"r-1": 0, "r-2": 0, "r-3": 1, "r-4": 1, "r-5": 0, "v-1": 0, "v-2": 0}
    assert {run.name: run.attempts() for run in (r1, r2, r3, r4, r5, v1, v2)} == {
        name: (0, often) for name, often in preempted.items()
    }
    assert kubelet.starts() == {name: 1 + often for name, often in preempted.items()}
    assert (jobs_created(plane, research), jobs_created(plane, vision)) == (5, 2)
    assert kubelet.most == {"gpu-1": 2, "gpu-2": 2}
    story.tell()


def test_more_urgent_run_goes_first(tenant: Tenant, operator: Operator, kubelet: Kubelet) -> None:
    low = tenant.submit("low").at_work()
    urgent = tenant.submit("urgent", URGENT).at_work()
    low.queued()
    urgent.succeeds()
    low.at_work().succeeds()
    assert (low.attempts(), urgent.attempts()) == ((0, 1), (0, 0))
    assert [run for run, _ in kubelet.started] == ["low", "urgent", "low"]
    assert operator.runs()


def test_pod_that_is_slow_to_stop_is_named(tenant: Tenant, operator: Operator, kubelet: Kubelet) -> None:
    kubelet.obeys["low"] = None
    low = tenant.submit("low").at_work()
    (pod,) = low.pods()
    tenant.submit("urgent", URGENT)
    message = low.reaches("Reconciling", "Queued")["message"]
    words = f"is held in queue gpus until it is admitted; pod {pod['metadata']['name']} is being stopped"
    assert message.endswith(words)
    assert low.status()["phase"] == "Queued"
    kubelet.obeys["low"] = STOPPED
    eventually(lambda: "being stopped" not in low.condition("Reconciling")["message"], "the pod gone")
    assert operator.runs()


@pytest.mark.parametrize("code", [pytest.param(143, id="before it listens"), pytest.param(137, id="killed")])
def test_preempted_pod_that_cannot_say_so_is_no_failure(
    tenant: Tenant, operator: Operator, kubelet: Kubelet, code: int
) -> None:
    kubelet.obeys["low"] = code
    low = tenant.submit("low").at_work()
    tenant.submit("urgent", URGENT).at_work().succeeds()
    low.at_work().succeeds()
    assert (low.attempts(), low.status()["start"]) == ((0, 1), 1)
    assert [run for run, _ in kubelet.started] == ["low", "urgent", "low"]
    assert operator.runs()


def test_run_preempted_while_its_image_is_pulled_is_no_failure(
    tenant: Tenant, operator: Operator, kubelet: Kubelet
) -> None:
    kubelet.pulls.add("low")
    low = tenant.submit("low")
    low.reaches("Reconciling", "Pending")
    tenant.submit("urgent", URGENT).at_work().succeeds()
    kubelet.pulls.clear()
    low.at_work().succeeds()
    assert (low.attempts(), low.status()["start"]) == ((0, 1), 1)
    assert [run for run, _ in kubelet.started] == ["urgent", "low"]
    assert operator.runs()


def test_suspended_run_leaves_its_place_and_queues_again(
    tenant: Tenant, operator: Operator, kubelet: Kubelet
) -> None:
    first = tenant.submit("first").at_work()
    second = tenant.submit("second").queued()
    first.edit(suspend=True)
    first.reaches("Reconciling", "Suspended", "False")
    second.at_work()
    first.edit(suspend=False)
    first.queued()
    second.succeeds()
    first.at_work().succeeds()
    assert first.status()["start"] == 2
    assert [run for run, _ in kubelet.started] == ["first", "second", "first"]
    assert operator.runs()


def test_run_may_be_suspended_in_the_queue(tenant: Tenant, operator: Operator, kubelet: Kubelet) -> None:
    first = tenant.submit("first").at_work()
    second = tenant.submit("second").queued()
    second.edit(suspend=True)
    second.reaches("Reconciling", "Suspended", "False")
    first.succeeds()
    assert second.status()["phase"] == "Suspended"
    second.edit(suspend=False)
    second.at_work().succeeds()
    assert [run for run, _ in kubelet.started] == ["first", "second"]
    assert operator.runs()


def test_deleted_run_makes_room(tenant: Tenant, operator: Operator, kubelet: Kubelet) -> None:
    first = tenant.submit("first").at_work()
    second = tenant.submit("second").queued()
    tenant.api.delete("scj", tenant.name, "first")
    second.at_work().succeeds()
    assert first.jobs() == []
    assert [run for run, _ in kubelet.started] == ["first", "second"]
    assert operator.runs()


def test_run_waits_for_a_queue_that_does_not_exist_yet(
    tenant: Tenant, operator: Operator, kubelet: Kubelet
) -> None:
    run = tenant.submit("early", {"kueue.x-k8s.io/queue-name": "later"}).queued()
    assert "held in queue later" in run.condition("Reconciling")["message"]
    tenant.add_queue("later")
    run.at_work().succeeds()
    assert len(kubelet.started) == 1
    assert operator.runs()


def test_run_that_kueue_deactivates_stays_queued(
    tenant: Tenant, operator: Operator, kubelet: Kubelet
) -> None:
    run = tenant.submit("long", {"kueue.x-k8s.io/max-exec-time-seconds": "1"})
    eventually(lambda: not tenant.workloads()[0]["spec"].get("active", True), "the run deactivated")
    run.queued()
    assert run.attempts() == (0, 1)
    assert len(kubelet.started) == 1
    assert operator.runs()


def test_operator_killed_while_kueue_preempts_starts_nothing_twice(
    plane: ControlPlane, tenant: Tenant, kubelet: Kubelet, start_operator: Callable[[], Operator]
) -> None:
    operator = start_operator()
    low = tenant.submit("low").at_work()
    urgent = tenant.submit("urgent", URGENT)
    eventually(urgent.jobs, "the Job of the urgent run")
    operator.kill()
    eventually(lambda: low.job()["spec"]["suspend"], "the Job of the other taken back")
    start_operator()
    urgent.at_work()
    low.queued()
    urgent.succeeds()
    low.at_work().succeeds()
    assert jobs_created(plane, tenant) == 2
    assert low.attempts()[0] == 0
    assert [run for run, _ in kubelet.started] == ["low", "urgent", "low"]

"""Two tenants' sweeps in Kueue's queues: each has its share, and borrows what the other leaves free."""

from collections.abc import Callable

from devcluster.controlplane import ControlPlane
from integration.operator.api import eventually
from integration.operator.process import Operator
from integration.operator.sweep_stage import GRID
from tools.nodes import Kubelet
from tools.story import Story, await_standing
from tools.tenants import GpuSweep, Tenant

SHARED = "2 Queued, 2 Running"


def test_two_tenants_sweeps_share_four_gpus(
    plane: ControlPlane, add_tenant: Callable[..., Tenant], operator: Operator, kubelet: Kubelet
) -> None:
    research, vision = add_tenant("research", 2), add_tenant("vision", 2)
    story = Story("research's sweep", "vision's sweep")

    first = GpuSweep(research.api, research.name, "first").submit(parallel=4)
    await_standing(first, "4 Running")
    story.step("research's sweep starts; vision's two GPUs are free, and borrowed", first)

    second = GpuSweep(vision.api, vision.name, "second").submit(parallel=4)
    for sweep in (first, second):
        await_standing(sweep, SHARED)
    story.step("vision's sweep starts: Kueue takes back two GPUs", second)

    for sweep in (first, second):
        eventually(sweep.one_ends, f"a trial of {sweep.name} that runs")
        await_standing(sweep, f"{SHARED}, 1 Succeeded")
    story.step("a trial of each ends: each goes on with its next one")

    eventually(second.is_played, "the end of vision's sweep")
    await_standing(first, "4 Running, 1 Succeeded")
    story.step("vision's sweep ends: research borrows again")

    eventually(first.is_played, "the end of research's sweep")
    story.step("research's sweep ends")

    for sweep in (first, second):
        sweep.confirm_complete(plane)
        sweep.confirm_preemptions(kubelet)
        assert sweep.points() == GRID
    assert kubelet.most == {"gpu-1": 2, "gpu-2": 2}
    assert operator.runs()
    story.tell()

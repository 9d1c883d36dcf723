"""Two tenants' sweeps in Kueue's queues: each gets its share, and what the other leaves free."""

from collections.abc import Callable

from devcluster.controlplane import ControlPlane
from integration.operator.api import eventually
from integration.operator.process import Operator
from integration.operator.sweep_stage import GRID
from tools.nodes import Kubelet
from tools.tenants import GpuSweep, Tenant, jobs_created


def test_two_tenants_sweeps_share_four_gpus(
    plane: ControlPlane, add_tenant: Callable[..., Tenant], operator: Operator, kubelet: Kubelet
) -> None:
    research, vision = add_tenant("research", 2), add_tenant("vision", 2)
    first = GpuSweep(research.api, research.name, "first").submit(gpus=4)
    first.holds(running=4, queued=0)  # vision's two GPUs are free, and borrowed

    second = GpuSweep(vision.api, vision.name, "second").submit(gpus=4)
    second.holds(running=2, queued=2)
    first.holds(running=2, queued=2)

    eventually(second.one_ends, "the end of vision's sweep")
    first.holds(running=4, queued=0)  # vision's GPUs are free again
    eventually(first.one_ends, "the end of research's sweep")

    for sweep, tenant in ((first, research), (second, vision)):
        assert sweep.reaches("Complete", "Succeeded")
        assert sweep.points() == GRID
        assert sweep.status()["trials"]["succeeded"] == len(GRID)
        assert [trial["status"]["attempts"]["failed"] for trial in sweep.trials()] == [0] * len(GRID)
        assert jobs_created(plane, tenant) == len(GRID)
    assert sum(trial["status"]["attempts"]["preempted"] for trial in first.trials()) >= 2
    assert kubelet.most == {"gpu-1": 2, "gpu-2": 2}
    assert operator.runs()

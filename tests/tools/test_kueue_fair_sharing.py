"""Two tenants' sweeps that borrow all their GPUs: Kueue's fair sharing divides them by weight, 3 : 1."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from devcluster.controlplane import ControlPlane
from devcluster.layout import Layout
from documents import ROOT, block
from integration.api.kubectl import Kubectl
from integration.operator.api import Body, eventually
from integration.operator.process import Operator
from tools.nodes import Kubelet
from tools.story import Followed, Story, await_standing
from tools.tenants import QUEUE, GpuSweep, Holding, Tenant

EXAMPLE = ROOT / "examples/kueue/fair-sharing.yaml"
TWELVE = [
    {
        "name": "ratio",
        "path": "strategy.UnstructurePrune.ratio",
        "values": ["0.5", "0.6", "0.7", "0.8"],
    },
    {"name": "rate", "path": "strategy.TrainConfig.learning_rate", "values": ["0.001", "0.003", "0.01"]},
]
"""The parameters of twelve trials."""

THREE, ONE, ALL, NONE = "3 GPUs, share 250", "1 GPU, share 250", "4 GPUs, share 1000", "0 GPUs, share 0"
HEAVY, LIGHT = "1 Queued, 3 Running", "3 Queued, 1 Running"


@pytest.fixture(scope="module")
def kueue_settings() -> Body:
    """Return what docs/kueue.md adds to Kueue's configuration."""
    found: Body = yaml.safe_load(block("docs/kueue.md: fairSharing:").text)
    return found


@pytest.fixture
def tenants(
    plane: ControlPlane, add_namespace: Callable[[str], Tenant], suffix: str, tmp_path: Path
) -> tuple[Tenant, Tenant]:
    """Return research and vision with the queues of the example, called after the test."""
    both = add_namespace("research"), add_namespace("vision")
    text = re.sub(r"\b(research|vision|shared-gpus)\b", rf"\g<1>{suffix}", EXAMPLE.read_text())
    kubectl = Kubectl(Layout.from_environment(os.environ).bin / "kubectl", plane.kubeconfig, tmp_path)
    answer = kubectl.run("apply", "--server-side", "-f", "-", stdin=text)
    assert answer.code == 0, answer.err
    for tenant in both:
        tenant.await_queue(QUEUE)
    return both


def await_all(*expected: tuple[Followed, str]) -> None:
    """Wait until each stands as its words say, one after the other."""
    for followed, words in expected:
        await_standing(followed, words)


def trials_end(sweep: GpuSweep, numbers: range, phases: str) -> None:
    """Let one trial after the other end; each time the next one takes its GPU."""
    for number in numbers:
        eventually(sweep.one_ends, f"a trial of {sweep.name} that runs")
        await_standing(sweep, f"{phases}, {number} Succeeded")


def test_gpus_are_divided_by_weight(
    plane: ControlPlane, tenants: tuple[Tenant, Tenant], operator: Operator, kubelet: Kubelet
) -> None:
    research, vision = map(Holding, tenants)
    heavy, light = (GpuSweep(each.api, each.name, "twelve") for each in tenants)
    story = Story("vision's sweep", "vision holds", "research's sweep", "research holds")

    light.submit(4, TWELVE)
    await_all((light, "4 Running"), (vision, ALL))
    story.step("vision's sweep starts, alone", light, vision)

    heavy.submit(4, TWELVE)
    await_all((heavy, HEAVY), (light, LIGHT), (research, THREE), (vision, ONE))
    story.step("research's sweep starts: Kueue takes back three GPUs", heavy, research)

    for number in (1, 2):
        trials_end(heavy, range(3 * number - 2, 3 * number + 1), HEAVY)
        trials_end(light, range(number, number + 1), LIGHT)
        await_all((research, THREE), (vision, ONE))
        story.step("three trials of research's end, and one of vision's" + (", again" if number > 1 else ""))
    assert [sum(often for _, often in sweep.attempts()) for sweep in (light, heavy)] == [3, 0]

    eventually(heavy.is_played, "the end of research's sweep")
    await_all((light, "4 Running, 2 Succeeded"), (research, NONE), (vision, ALL))
    story.step("research's sweep ends: vision borrows all four again")

    eventually(light.is_played, "the end of vision's sweep")
    await_standing(vision, NONE)
    story.step("vision's sweep ends")

    for sweep in (heavy, light):
        sweep.confirm_complete(plane)
        sweep.confirm_preemptions(kubelet)
    assert kubelet.most == {"gpu-1": 2, "gpu-2": 2}
    assert operator.runs()
    story.tell()


def test_operator_killed_while_a_gpu_is_taken_back_loses_nothing(
    plane: ControlPlane,
    tenants: tuple[Tenant, Tenant],
    kubelet: Kubelet,
    start_operator: Callable[[], Operator],
) -> None:
    research, vision = map(Holding, tenants)
    heavy, light = (GpuSweep(each.api, each.name, "six") for each in tenants)
    operator = start_operator()
    heavy.submit(4)
    await_standing(heavy, "4 Running")
    await_standing(research, "4 GPUs, share 334")

    light.submit(4)
    eventually(heavy.taken_back, "a Job of research's taken back")
    operator.kill()
    start_operator()
    await_all((heavy, HEAVY), (light, LIGHT), (research, THREE), (vision, ONE))

    eventually(light.is_played, "the end of vision's sweep")
    await_standing(heavy, "4 Running")
    assert (sum(light.restarts(kubelet)), sum(heavy.restarts(kubelet))) == (0, 1)
    eventually(heavy.is_played, "the end of research's sweep")
    for sweep in (heavy, light):
        sweep.confirm_complete(plane)
        assert {failed for failed, _ in sweep.attempts()} == {0}

"""Sweeps from Python and from a terminal, with the operator's own process; the test is the kubelet."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.client.conftest import Terminal
from integration.operator.api import Api, eventually
from integration.operator.objects import resource
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.sweep_stage import SweepStage, sweep_spec
from segcompress.client import Client, InvalidJobError, NotFoundError, SegCompressionJob, outcome, sweep_over

RATIO, RATE = "strategy.UnstructurePrune.ratio", "strategy.TrainConfig.learning_rate"

Play = Callable[[], None]


@pytest.fixture
def play(plane: ControlPlane, api: Api, namespace: str, tmp_path: Path) -> Iterator[Play]:
    """Return a function that plays the sweep `widths` to its end."""
    kubeconfig = plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
    operator = Operator(kubeconfig, tmp_path / "operator.log", (namespace,), {})
    stage = SweepStage(api, namespace)

    def to_its_end() -> None:
        eventually(stage.trials, "a trial")
        stage.plays()

    yield to_its_end
    operator.kill()


def test_sweep_is_built_played_and_its_trials_compared(client: Client, play: Play) -> None:
    job = SegCompressionJob.model_validate(resource("widths"))
    sweep = sweep_over(job, {RATIO: [0.5, 0.8], RATE: [0.001]}, {"compressed.miou": "Maximize"}, max_trials=2)
    made = client.sweeps.submit(sweep)
    assert made.spec.to_wire() == sweep.spec.to_wire()
    play()
    ended = client.sweeps.wait("widths")
    assert outcome(ended)
    assert ended.status.best_trial is not None
    assert ended.status.best_trial.parameters == {"ratio": "0.5", "learning_rate": "0.001"}
    trials = client.trials("widths")
    pruned = [trial.spec.strategy.unstructure_prune for trial in trials]
    assert {section.ratio for section in pruned if section} == {0.5, 0.8}
    assert ended.status.best_trial.name in {trial.metadata.name for trial in trials}


def test_sweep_is_submitted_followed_and_compared(terminal: Terminal, play: Play) -> None:
    body = {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionSweep",
        "metadata": {"name": "widths"},
        "spec": sweep_spec(maxTrials=3),
    }
    (terminal.folder / "sweep.yaml").write_text(json.dumps(body))
    with terminal.start("submit", "sweep.yaml", "--wait") as running:
        play()
        out, err = running.communicate()
    assert running.returncode == 0, err
    assert out.splitlines()[0] == f"submitted widths to namespace {terminal.namespace}"
    assert out.splitlines()[1].startswith("widths: Succeeded: ")
    assert "trials, " in err
    assert terminal.run("wait", "widths", "--sweep").returncode == 0
    head, row = (line.split() for line in terminal.run("list", "--sweeps").stdout.splitlines())
    assert head == ["NAME", "PHASE", "TRIALS", "RUNNING", "FAILED", "BEST", "AGE"]
    assert row[:5] == ["widths", "Succeeded", "3/3", "0", "0"]
    compared = terminal.run("compare", "--sweep", "widths").stdout.splitlines()
    assert len(compared) == 4
    assert all(line.startswith("widths-") for line in compared[1:])


def test_misspelt_field_of_a_sweep_is_answered_with_the_nearest(client: Client) -> None:
    with pytest.raises(InvalidJobError, match=r"spec\.maxTrails: .*; did you mean maxTrials\?"):
        client.sweeps.submit({"metadata": {"name": "widths"}, "spec": sweep_spec(maxTrails=1)})


def test_unknown_metric_of_a_sweep_is_answered_with_the_nearest(client: Client) -> None:
    spec = sweep_spec(objectives=[{"metric": "miou", "goal": "Maximize"}])
    with pytest.raises(
        InvalidJobError, match=r"objectives\[0\]\.metric: .*; did you mean compressed\.miou\?"
    ):
        client.sweeps.submit({"metadata": {"name": "widths"}, "spec": spec})


def test_missing_sweep_is_answered_with_the_nearest(client: Client) -> None:
    client.sweeps.submit({"metadata": {"name": "widths"}, "spec": sweep_spec(suspend=True)})
    with pytest.raises(NotFoundError, match=r"there is no sweep width in .*; did you mean widths\?"):
        client.sweeps.get("width")


def test_empty_namespace_has_no_sweeps(terminal: Terminal) -> None:
    assert terminal.run("list", "--sweeps").stdout == f"no sweeps in namespace {terminal.namespace}\n"
    done = terminal.run("compare", "--sweep", "x")
    assert done.stderr == f"error: there is no sweep x in namespace {terminal.namespace}\n"

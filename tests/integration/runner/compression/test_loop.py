"""What every training keeps to, whatever it compresses."""

import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integration.runner.compression.conftest import Compress, Lab, Listener
from integration.runner.compression.strategies import quantised, sparse, train_config
from segcompress_runner.errors import InvalidSettingError, PreemptedError
from segcompress_runner.inputs.model import ModelFiles


def digest(files: ModelFiles) -> str:
    return hashlib.sha256(files.params.read_bytes()).hexdigest()


@pytest.mark.parametrize("strategy", [sparse(0.75, ramp=11), quantised()], ids=["sparse", "quantised"])
def test_two_runs_in_one_process_give_the_same_bytes(run: Compress, strategy: dict[str, Any]) -> None:
    assert digest(run(strategy).files) == digest(run(strategy).files)


@pytest.fixture(scope="module")
def by_process(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """Return the digests of each kind's parameters as two processes trained them."""
    program = Path(__file__).with_name("train_once.py")
    digests = []
    for number in (1, 2):
        environment = os.environ | {
            "PYTHONHASHSEED": str(number),
            "PYTHONPATH": os.pathsep.join(str(folder) for folder in (program.parents[3], *sys.path[:1])),
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", program, tmp_path_factory.mktemp("process")],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        digests.append(json.loads(done.stdout.splitlines()[-1]))
    return digests


@pytest.mark.parametrize("kind", ["sparse", "quantised"])
def test_two_processes_with_workers_give_the_same_bytes(kind: str, by_process: list[dict[str, str]]) -> None:
    first, second = by_process
    assert first[kind] == second[kind]


def test_another_seed_gives_other_weights(run: Compress) -> None:
    assert digest(run(sparse()).files) != digest(run(sparse(), seed=1).files)


def test_sigterm_is_heard_at_the_next_step(run: Compress) -> None:
    answers = iter([False, False, False])
    with pytest.raises(PreemptedError, match="at iteration 3 of 12"):
        run(sparse(), stop=lambda: next(answers, True))


def test_a_loss_that_is_no_number_names_the_learning_rate(run: Compress) -> None:
    wild = {"TrainConfig": train_config(40, learning_rate=1e20)}
    with pytest.raises(InvalidSettingError) as error:
        run(sparse() | wild)
    assert "spec.strategy.TrainConfig.learning_rate: the " in str(error.value)
    assert "lower it (now 1e+20)" in str(error.value)


def test_the_target_ends_the_training_only_after_the_ramp(run: Compress) -> None:
    listener = Listener()
    easy = {"TrainConfig": train_config(40, target_metric=0.001)}
    done = run(sparse(0.5, ramp=14) | easy, progress=listener)
    assert done.iterations == 16
    assert listener.notes[-1] == "target_metric is reached after 16 of 40 iterations"


def test_the_last_layers_are_distilled_where_no_node_is_named(run: Compress) -> None:
    listener = Listener()
    run(sparse() | {"Distillation": {}}, progress=listener)
    assert [figures["loss"] for _, figures in listener.steps if "loss" in figures][-1] > 0


def test_every_distillation_loss_trains_to_weights_of_its_own(run: Compress, lab: Lab) -> None:
    def trained(loss: str) -> str:
        both = {"node": [["relu_2.tmp_0"], [lab.node]], "loss": [loss, "l2"], "alpha": [1.0, 1.0]}
        return digest(run(sparse() | {"Distillation": both}).files)

    assert len({trained(loss) for loss in ("l2", "soft_label", "dkd", "skd")}) == 4


def test_a_loss_that_occurs_twice_counts_twice_and_no_more(run: Compress, lab: Lab) -> None:
    def first_loss(node: Any, loss: Any, alpha: Any) -> float:
        listener = Listener()
        section = {"node": node, "loss": loss, "alpha": alpha}
        run(sparse() | {"Distillation": section, "TrainConfig": train_config(2)}, progress=listener)
        return listener.steps[0][1]["loss"]

    other = "bilinear_interp_v2_0.tmp_0"
    separate = first_loss([lab.node], "l2", 1.0), first_loss([other], "l2", 1.0)
    both = first_loss([[lab.node], [other]], ["l2", "l2"], [1.0, 1.0])
    assert both == pytest.approx(sum(separate), rel=0.2)


def test_a_weight_is_no_node(run: Compress, lab: Lab) -> None:
    weight = next(name for name in sorted(lab.info.variables) if name.endswith(".w_0"))
    with pytest.raises(InvalidSettingError, match="is a weight; name the output of a layer"):
        run(sparse() | {"Distillation": {"node": [weight]}})


def test_a_gpu_that_is_not_there_is_told(run: Compress) -> None:
    with pytest.raises(InvalidSettingError, match=r"^spec\.runtime\.device: GPU, but"):
        run(sparse(), device="GPU")


def test_nothing_is_printed_and_no_worker_stays(run: Compress, capfd: pytest.CaptureFixture[str]) -> None:
    run(quantised(), threads=2)
    assert capfd.readouterr().out == ""
    assert not multiprocessing.active_children()

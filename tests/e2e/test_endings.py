"""The ends that a run can have: everything that ends by itself.

What waits for something is in test_endings_waiting, what is preempted in test_endings_preempted.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from e2e.conftest import Ends
from e2e.kube import Body, eventually
from e2e.runs import Run
from e2e.specs import MODEL, PRUNE, RATIO, TRAIN_CONFIG
from e2e.stage import LIGHT, Scenario, Stage, scenario_id

CANARY = "$(AWS_SECRET_ACCESS_KEY)"
"""A value that the kubelet would replace by the key itself, were it ever an environment value."""


@dataclass(frozen=True)
class Refused:
    """A scenario: a run that retrying cannot help ends with exit code 3, its message holding `words`."""

    name: str
    reason: str
    words: tuple[str, ...]
    changes: dict[str, Any] = field(default_factory=dict)

    def __call__(self, stage: Stage) -> None:
        run = stage.run(self.name, **{"backoffLimit": 3, **self.changes})
        message = run.fails(self.reason)
        for words in self.words:
            assert words in message
        assert [exit_code(pod) for pod in run.pods()] == [3]
        assert run.attempts() == {"failed": 1, "preempted": 0}
        assert "metrics" not in run.status()


def exit_code(pod: Body) -> int:
    code = pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"]
    assert isinstance(code, int)
    return code


def reason_of(pod: Body) -> str:
    return str(pod["status"]["containerStatuses"][0]["state"]["terminated"]["reason"])


def succeeded_and_reused(stage: Stage) -> None:
    names = ["background", CANARY]
    changes = {
        "benchmark__runtimes": ["PaddleInference", "ONNXRuntime"],
        "dataset__classNames": names,
        "output__uri": stage.output("same"),
    }
    first = stage.run("succeeded", **changes)
    first.succeeds("Succeeded")
    status = first.status()
    assert status["strategy"] == "UnstructurePrune"
    assert status["attempts"] == {"failed": 0, "preempted": 0}
    assert abs(float(status["metrics"]["compressed"]["sparsity"]) - RATIO) <= 0.005
    assert status["metrics"]["worstClass"]["name"] in names
    assert status["startTime"] <= status["completionTime"]
    # An Event follows the status that it tells of.
    eventually(lambda: first.events() == ["Started", "Succeeded"], "both Events", first.explain)
    again = stage.run("reused", **changes)
    assert "published" in again.succeeds("Reused")
    assert again.status()["metrics"] == status["metrics"]
    assert again.status()["artifacts"] == status["artifacts"]
    assert "Compress" not in again.log(again.pod())


def free_form_leaf(stage: Stage) -> None:
    run = stage.run("free-form-leaf", strategy__TrainConfig__learning_rate={"type": "Cosine"})
    assert "spec.strategy.TrainConfig.learning_rate.type" in run.fails("InvalidSpec")
    assert run.jobs() == []


def image_not_allowed(stage: Stage) -> None:
    run = stage.run("image-not-allowed", runtime__image="registry.example.com/runner:1")
    assert "spec.runtime.image" in run.fails("InvalidSpec")
    assert run.jobs() == []


def no_gpu_in_the_image(stage: Stage) -> None:
    run = stage.run("no-gpu", runtime__device="GPU")
    assert "spec.runtime.device: GPU" in run.fails("InvalidSpec")
    (container,) = run.jobs()[0]["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"


def check_missed_gate(run: Run, reason: str, words: str) -> None:
    assert words in run.fails(reason)
    accepted = run.conditions()["Accepted"]
    assert (accepted["status"], accepted["reason"]) == ("False", reason)
    status = run.status()
    assert {"baseline", "compressed", "miouDrop", "speedup"} <= set(status["metrics"])
    assert status["artifacts"]["manifest"]["sha256"]
    assert [exit_code(pod) for pod in run.pods()] == [4]


def fault_image(stage: Stage) -> str:
    if not stage.fault_image:
        pytest.skip("not run: the image with a fault is not pushed to the registry of a cluster of your own")
    return stage.fault_image


def acceptance_not_met(stage: Stage) -> None:
    run = stage.run("acceptance", acceptance={"maxMiouDrop": "0", "minSparsity": "0.999"})
    check_missed_gate(run, "AcceptanceNotMet", "spec.acceptance.minSparsity")


def sparsity_not_reached(stage: Stage) -> None:
    run = stage.run("zeros-lost", runtime__image=fault_image(stage))
    check_missed_gate(run, "SparsityNotReached", "spec.strategy.UnstructurePrune.ratio")
    assert float(run.status()["metrics"]["compressed"]["sparsity"]) < 0.2


def export_mismatch(stage: Stage) -> None:
    runtimes = ["PaddleInference", "ONNXRuntime"]
    changes = {"benchmark__runtimes": runtimes, "runtime__image": fault_image(stage)}
    run = stage.run("export-wrong", **changes)
    check_missed_gate(run, "ExportMismatch", "mIoU of the ONNX file")


def storage_unreachable(stage: Stage) -> None:
    stage.kube.put_secret(stage.namespace, "nobody-there", endpoint="http://127.0.0.1:9")
    run = stage.run("unreachable", storage__secretRef__name="nobody-there", backoffLimit=1, **LIGHT)
    retrying = run.waits("Retrying", "StorageUnreachable")
    assert "failure 1, spec.backoffLimit is 1" in retrying
    message = run.fails("BackoffLimitExceeded")
    assert "StorageUnreachable" in message
    assert "http://127.0.0.1:9" in message
    assert [exit_code(pod) for pod in run.pods()] == [6, 6]
    assert run.attempts() == {"failed": 2, "preempted": 0}


def out_of_memory(stage: Stage) -> None:
    few = {"requests": {"cpu": "100m"}, "limits": {"memory": "96Mi"}}
    run = stage.run("out-of-memory", runtime__resources=few, backoffLimit=1)
    message = run.fails("BackoffLimitExceeded")
    assert "OutOfMemory" in message
    assert "spec.runtime.resources.limits.memory" in message
    assert [(exit_code(pod), reason_of(pod)) for pod in run.pods()] == [(137, "OOMKilled")] * 2
    assert run.attempts() == {"failed": 2, "preempted": 0}


def runner_crashed(stage: Stage) -> None:
    # The operator's image holds no runner: its program ends at once, because a setting is missing.
    (operator,) = stage.kube.get("deployment", "segcompress-system", "segcompress-operator")["spec"][
        "template"
    ]["spec"]["containers"]
    message = stage.run("crashed", runtime__image=operator["image"], **LIGHT).fails("BackoffLimitExceeded")
    assert "RunnerCrashed" in message
    assert "exit code 2" in message
    assert "SEGCOMPRESS_RUNNER_IMAGE: is required" in message


RAMP = {
    **PRUNE,
    "prune_strategy": "gmp",
    "gmp_config": {"pruning_iterations": 40, "pruning_steps": 2, "initial_ratio": 0.1},
}
EPOCHS = {**TRAIN_CONFIG, "epochs": 2}
del EPOCHS["train_iter"]

SCENARIOS: tuple[Scenario, ...] = (
    succeeded_and_reused,
    storage_unreachable,
    export_mismatch,
    sparsity_not_reached,
    acceptance_not_met,
    out_of_memory,
    runner_crashed,
    no_gpu_in_the_image,
    free_form_leaf,
    image_not_allowed,
    Refused(
        "ramp-too-long",
        "InvalidSpec",
        ("spec.strategy.UnstructurePrune.gmp_config.pruning_iterations", "40 iterations"),
        {"strategy__UnstructurePrune": RAMP, "strategy__TrainConfig": EPOCHS},
    ),
    Refused(
        "unknown-node",
        "InvalidSpec",
        ("spec.strategy.Distillation.node: relu_30.tmp_00", "did you mean relu_30.tmp_0"),
        {"strategy__Distillation": {"node": ["relu_30.tmp_00"]}},
    ),
    Refused(
        "no-list",
        "InputNotFound",
        (f"s3://datasets/{MODEL}/absent.txt",),
        {"dataset__trainList": "absent.txt", **LIGHT},
    ),
    Refused(
        "no-object",
        "InputNotFound",
        (f"s3://models/{MODEL}/absent.pdmodel", "spec.model.inference.modelFile"),
        {"model__inference__modelFile": "absent.pdmodel", **LIGHT},
    ),
    Refused(
        "no-bucket",
        "InputNotFound",
        ("s3://no-such-bucket: the bucket does not exist",),
        {"dataset__uri": "s3://no-such-bucket/pictures/", **LIGHT},
    ),
    Refused(
        "cut-picture",
        "InvalidInput",
        ("train.txt line 3", "broken or truncated"),
        {"dataset__uri": f"s3://datasets/{MODEL}-cut-picture/"},
    ),
    Refused(
        "foreign-class",
        "InvalidInput",
        ("train.txt line 3", "class id 7", "numClasses is 2"),
        {"dataset__uri": f"s3://datasets/{MODEL}-foreign-class/"},
    ),
    Refused(
        "smaller-mask",
        "InvalidInput",
        ("train.txt line 3", "the same size"),
        {"dataset__uri": f"s3://datasets/{MODEL}-smaller-mask/"},
    ),
    Refused(
        "cut-parameters",
        "InvalidInput",
        ("model.pdiparams", "is cut off there"),
        {"model__inference__uri": f"s3://models/{MODEL}-cut-parameters/"},
    ),
    Refused(
        "wrong-key",
        "StorageAccessDenied",
        ("denies access", f"s3://datasets/{MODEL}/train.txt"),
        {"storage__secretRef__name": "wrong-key", **LIGHT},
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=scenario_id)
def test_ending(ends: Ends, scenario: Scenario) -> None:
    ends[scenario_id(scenario)].result()

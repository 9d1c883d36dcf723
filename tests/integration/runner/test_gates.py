"""What no run may be accepted with, whatever gates its user set or forgot."""

import json

import pytest
from minio import Minio

from segcompress_api.conditions import Reason

from .conftest import read
from .runs import Runner, Spec, changed

COLLAPSED = {"ratio": 0.99, "prune_params_type": "conv1x1_only", "local_sparsity": True}
"""One weight in a hundred is left, and too small a step to recover: everything becomes ground."""


@pytest.fixture
def collapsing(spec: Spec) -> Spec:
    spec = changed(spec, "strategy.UnstructurePrune", COLLAPSED)
    return changed(spec, "strategy.TrainConfig.learning_rate", 1e-6)


@pytest.mark.parametrize(
    ("acceptance", "gates"),
    [
        pytest.param({}, ["mIoU on", "classes that vanished"], id="no gate given"),
        pytest.param({"maxMiouDrop": "Unlimited"}, ["classes that vanished"], id="any drop allowed"),
    ],
)
def test_a_model_that_labels_everything_ground_is_not_accepted(
    admin: Minio, runner: Runner, collapsing: Spec, acceptance: dict[str, str], gates: list[str]
) -> None:
    ended = runner.run(changed(collapsing, "acceptance", acceptance))
    assert (ended.code, ended.result.reason) == (4, Reason.ACCEPTANCE_NOT_MET), ended.log
    assert "square (IoU " in ended.result.message
    assert "every pixel is predicted as ground; lower spec.strategy.TrainConfig.learning_rate" in ended.log
    assert ended.result.artifacts is not None
    folder = ended.result.artifacts.model.uri if ended.result.artifacts.model else ""
    result = json.loads(read(admin, f"{folder}result.json"))
    missed = [gate for gate in result["gates"] if not gate["passed"]]
    assert [gate["default"] for gate in missed] == [True] * len(gates)
    for gate, words in zip(missed, gates, strict=True):
        assert gate["message"].startswith(words)


def test_an_accepted_run_says_which_gates_were_defaults(runner: Runner, spec: Spec) -> None:
    ended = runner.run(spec)
    assert (ended.code, ended.result.reason) == (0, Reason.SUCCEEDED), ended.log
    assert ended.result.message.endswith(
        "gates by default: mIoU may drop by at most 0.02, no class may vanish"
    )
    assert "predicted as" not in ended.log
    assert "program_interpreter" not in ended.log, "Paddle's own log stands between our lines"


def test_every_gate_that_is_missed_is_named_and_what_was_measured_is_published(
    admin: Minio, runner: Runner, spec: Spec
) -> None:
    """A sparse file is no smaller, and nothing becomes a hundred times as fast."""
    asked = {
        "maxClassIouDrop": "1",
        "maxBoundaryIouDrop": "1",
        "maxSizeRatio": "0.5",
        "minSpeedup": {"runtime": "PaddleInference", "ratio": "100"},
    }
    ended = runner.run(changed(spec, "acceptance", {"maxMiouDrop": "Unlimited", **asked}))
    assert (ended.code, ended.result.reason) == (4, Reason.ACCEPTANCE_NOT_MET), ended.log
    assert "at most 0.5 (spec.acceptance.maxSizeRatio); speed-up on Paddle" in ended.result.message
    assert ended.result.message.endswith(", at least 100 (spec.acceptance.minSpeedup)")
    assert ended.result.metrics is not None
    assert ended.result.artifacts is not None
    assert ended.result.artifacts.report is not None
    assert ended.result.artifacts.model is not None
    manifest = json.loads(read(admin, ended.result.artifacts.manifest.uri))
    assert (manifest["accepted"], manifest["metrics"]) == (False, ended.result.metrics.to_wire())

    folder = ended.result.artifacts.model.uri
    told = json.loads(read(admin, f"{folder}result.json"))
    held = {gate["gate"].partition(" on ")[0]: gate for gate in told["gates"]}
    assert {name for name, gate in held.items() if not gate["passed"]} == {"size", "speed-up"}
    assert {name for name, gate in held.items() if gate["passed"] and not gate["default"]} >= {
        "loss of boundary IoU"
    }
    program, params = (len(read(admin, f"{folder}model.{end}")) for end in ("pdmodel", "pdiparams"))
    assert told["scores"]["compressed"][0]["size_bytes"] == program + params
    assert f"({program + params} of " in held["size"]["measured"]
    interval = told["latencies"][0]["interval"]
    assert 0 < interval["low"] <= told["latencies"][0]["speedup"] <= interval["high"] < 100

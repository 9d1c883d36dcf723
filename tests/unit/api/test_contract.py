"""What operator and runner exchange: RunConfig in, RunResult out, the latter as hostile input."""

import json
from typing import Any

import pytest

from segcompress_api.conditions import Reason
from segcompress_api.contract import (
    OPTIONAL_SECRET_KEYS,
    SECRET_KEYS,
    TERMINATION_MESSAGE_LIMIT,
    ExitCode,
    RunConfig,
    RunResult,
    parse_run_result,
)
from unit.api.act_files import OLD_QUANT_FILE, SPARSE_FILE, loaded
from unit.api.jobs import changed, job

SHA = "0" * 64


def config(spec: dict[str, Any]) -> RunConfig:
    return RunConfig.model_validate(
        {"namespace": "vision", "name": "humanseg", "uid": "u-1", "start": 1, "spec": spec}
    )


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(job()["spec"], id="old spelling"),
        pytest.param(changed(job(), "spec.strategy", loaded(SPARSE_FILE))["spec"], id="current spelling"),
        pytest.param(changed(job(), "spec.strategy", loaded(OLD_QUANT_FILE))["spec"], id="Quantization"),
        pytest.param(
            changed(job(), "spec.strategy", {"configUri": "s3://models/act.yaml"})["spec"], id="configUri"
        ),
        pytest.param(
            changed(job(), "spec.strategy.Global", {"nested": [{"a": None}, 5e-324, "$(SECRETKEY)"]})["spec"],
            id="free-form leaves, and a text that a kubelet would expand",
        ),
        pytest.param(
            changed(job(), "spec.dataset.classNames", ["фон", "人\u2028"])["spec"], id="names in any script"
        ),
    ],
)
def test_run_config_comes_out_as_it_went_in(spec: dict[str, Any]) -> None:
    given = config(spec)

    wire = json.dumps(given.to_wire())

    assert RunConfig.model_validate_json(wire) == given
    assert RunConfig.model_validate_json(given.model_dump_json(by_alias=True)) == given


def test_run_config_is_written_in_the_user_s_keys() -> None:
    wire = config(job()["spec"]).to_wire()["spec"]

    assert wire["dataset"]["trainTransforms"][0] == {"type": "Resize", "target_size": [192, 192]}
    assert wire["strategy"]["UnstructurePrune"]["pruned_ratio"] == 0.75
    assert wire["strategy"]["Distillation"]["distill_loss"] == "l2_loss"


def result(**changes: Any) -> RunResult:
    figures = {"miou": "0.9287", "latencyMs": "56.363", "sizeBytes": 555918, "sparsity": "0.7497"}
    whole = {
        "reason": "Succeeded",
        "message": "mIoU 0.9235",
        "metrics": {
            "baseline": figures,
            "compressed": figures,
            "runtime": "PaddleInference",
            "processor": "é" * 128,
            "threads": 64,
            "miouDrop": "0.0052",
            "speedup": "1.4946",
            "worstClass": {"id": 1, "name": "person", "iouDrop": "0.011"},
        },
        "artifacts": {
            name: {"uri": f"s3://compressed/{name}", "sha256": SHA, "sizeBytes": 1}
            for name in ("manifest", "model", "onnx", "report")
        },
        "notes": ["Global has no effect"],
    }
    return RunResult.model_validate({**whole, **changes})


def test_run_result_comes_out_as_it_went_in() -> None:
    assert parse_run_result(result().to_termination_message()) == result()


LONG_URIS = {
    name: {"uri": "s3://" + "é" * 1019, "sha256": SHA} for name in ("manifest", "model", "onnx", "report")
}


@pytest.mark.parametrize(
    ("changes", "kept", "lost"),
    [
        pytest.param({"message": "😀" * 600, "notes": []}, {"message"}, set(), id="a message that fits"),
        pytest.param({"notes": ["é" * 1024] * 8}, {"message", "artifacts"}, {"notes"}, id="long notes"),
        pytest.param(
            {"message": "😀" * 1024, "notes": ["😀" * 1024] * 8},
            {"metrics", "artifacts"},
            {"message", "notes"},
            id="long message and notes",
        ),
        pytest.param(
            {"message": "\x01" * 1024},
            {"metrics", "artifacts"},
            {"message"},
            id="a message that JSON escapes",
        ),
        pytest.param(
            {"message": '"' * 1024, "artifacts": LONG_URIS},
            {"metrics"},
            {"message", "artifacts"},
            id="long addresses leave the manifest's",
        ),
    ],
)
def test_a_termination_message_fits_and_keeps_the_figures(
    changes: dict[str, Any], kept: set[str], lost: set[str]
) -> None:
    given = result(**changes)

    text = given.to_termination_message()
    read = parse_run_result(text)

    assert len(text.encode()) <= TERMINATION_MESSAGE_LIMIT
    assert read is not None
    assert (read.reason, read.metrics) == (given.reason, given.metrics)
    assert {name for name in kept if getattr(read, name) != getattr(given, name)} == set()
    assert {name for name in lost if getattr(read, name) == getattr(given, name)} == set()
    assert read.artifacts is not None
    assert given.artifacts is not None
    assert read.artifacts.manifest == given.artifacts.manifest


def test_a_result_that_cannot_fit_is_no_silent_loss() -> None:
    hopeless = {"manifest": {"uri": "s3://" + "😀" * 1019}}

    with pytest.raises(ValueError, match="is over 4096 bytes"):
        result(artifacts=hopeless).to_termination_message()


def wire(**changes: Any) -> str:
    return json.dumps({"reason": "Succeeded", "message": "done", **changes})


def with_baseline(**figures: Any) -> str:
    return wire(metrics={"baseline": {"miou": "0.5", "sizeBytes": 1, **figures}})


def test_the_messages_below_are_refused_for_their_one_fault() -> None:
    assert parse_run_result(wire()) is not None
    assert parse_run_result(with_baseline()) is not None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("Killed", id="no JSON"),
        pytest.param(wire()[:-1], id="cut JSON"),
        pytest.param(wire() + wire(), id="two results"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="a list"),
        pytest.param(f"[{wire()}]", id="a result in a list"),
        pytest.param('"Succeeded"', id="a string"),
        pytest.param("{}", id="no reason"),
        pytest.param(wire(reason="Won"), id="an unknown reason"),
        pytest.param(wire(reason=["Succeeded"]), id="a list of reasons"),
        pytest.param(wire(message=None), id="no message"),
        pytest.param(wire(message=1), id="a number for a message"),
        pytest.param(wire(message="x" * 1025), id="a long message"),
        pytest.param(wire(notes=["x" * 1025]), id="a long note"),
        pytest.param(wire(notes=["x"] * 9), id="many notes"),
        pytest.param(wire(phase="Succeeded"), id="an unknown key"),
        pytest.param(with_baseline(accuracy="0.5"), id="an unknown key, nested"),
        pytest.param(with_baseline(miou=0.5), id="a float for a figure"),
        pytest.param(with_baseline(miou=float("nan")), id="NaN"),
        pytest.param(with_baseline(miou="NaN"), id="NaN in a string"),
        pytest.param(with_baseline(miou="Infinity"), id="Infinity in a string"),
        pytest.param(with_baseline(miou="1e3"), id="an exponent"),
        pytest.param(with_baseline(miou="0.5\n"), id="a line break after a figure"),
        pytest.param(with_baseline(miou="9" * 25), id="a long figure"),
        pytest.param(with_baseline(latencyMs=float("inf")), id="Infinity"),
        pytest.param(with_baseline(sizeBytes=-1), id="a negative size"),
        pytest.param(with_baseline(sizeBytes=float("nan")), id="a size that is NaN"),
        pytest.param(with_baseline(sizeBytes=2**63), id="a size that the API server refuses"),
        pytest.param(with_baseline(sizeBytes=10**400), id="a size of 400 digits"),
        pytest.param(wire(artifacts={"manifest": {"uri": "x" * 1025}}), id="a long address"),
        pytest.param(wire(artifacts={"manifest": {"uri": "x", "sha256": "00"}}), id="half a digest"),
        pytest.param(
            wire(artifacts={"manifest": {"uri": "x", "sha256": SHA.upper() + "\n"}}), id="a digest and more"
        ),
        pytest.param(wire(artifacts={"model": {"uri": "x"}}), id="artifacts without a manifest"),
        pytest.param("[" * 100_000, id="huge nesting of lists"),
        pytest.param('{"metrics":' * 100_000, id="huge nesting of mappings"),
        pytest.param('{"reason":"Succeeded","message":"\\ud800"}', id="half a surrogate pair"),
        pytest.param("\ud800", id="text that is no Unicode"),
        pytest.param("\x00", id="a zero byte"),
    ],
)
def test_a_message_that_is_no_result_is_none(text: str) -> None:
    assert parse_run_result(text) is None


def test_exit_codes_are_those_of_the_pod_failure_policy() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "SUCCEEDED": 0,
        "CRASHED": 1,
        "INVALID_INPUT": 3,
        "GATE_MISSED": 4,
        "PREEMPTED": 5,
        "STORAGE_UNREACHABLE": 6,
    }


def test_no_two_keys_of_the_secret_share_a_variable() -> None:
    variables = [*SECRET_KEYS.values(), *OPTIONAL_SECRET_KEYS.values()]

    assert len(variables) == len(set(variables))


def test_every_reason_can_end_a_result() -> None:
    assert all(parse_run_result(wire(reason=reason.value)) is not None for reason in Reason)

"""Each fault of spec and settings that a user can make, made on a real object store; the message names it."""

from collections.abc import Callable
from typing import Any

import pytest
from minio import Minio

from segcompress_api.conditions import Reason

from .conftest import put
from .refused import MASK, Refusal
from .runs import Runner, Spec, changed


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        pytest.param(
            "dataset.trainTransforms",
            [{"type": "Resize", "targetsize": [32, 32]}],
            Refusal(
                Reason.INVALID_SPEC,
                "trainTransforms[0].targetsize: Resize has no such argument; did you mean target_size?",
            ),
            id="transform",
        ),
        pytest.param(
            "strategy.TrainConfig.learning_rate",
            "fast",
            Refusal(
                Reason.INVALID_SPEC,
                "spec.strategy.TrainConfig.learning_rate: must be a positive number, got 'fast'",
            ),
            id="free-form leaf",
        ),
        pytest.param(
            "dataset.trainList",
            "training.txt",
            Refusal(Reason.INPUT_NOT_FOUND, "s3://inputs/dataset/training.txt does not exist"),
            id="list",
        ),
        pytest.param(
            "model.inference.uri",
            "s3://no-such-bucket/x/",
            Refusal(
                Reason.INPUT_NOT_FOUND,
                "s3://no-such-bucket/x/model.pdmodel (spec.model.inference.modelFile) does not exist",
            ),
            id="bucket of the model",
        ),
        pytest.param(
            "dataset.uri",
            "s3://no-such-bucket/x/",
            Refusal(Reason.INPUT_NOT_FOUND, "s3://no-such-bucket: the bucket does not exist"),
            id="bucket of the dataset",
        ),
        pytest.param(
            "output.uri",
            "s3://no-such-bucket/x/",
            Refusal(Reason.INPUT_NOT_FOUND, "s3://no-such-bucket: the bucket does not exist"),
            id="bucket of the output",
        ),
        pytest.param(
            "strategy",
            {"configUri": "s3://inputs/absent.yaml"},
            Refusal(Reason.INPUT_NOT_FOUND, "s3://inputs/absent.yaml does not exist"),
            id="ACT file",
        ),
        pytest.param(
            "model.inference.paramsFile",
            "model.pdparams",
            Refusal(
                Reason.INVALID_SPEC,
                "spec.model.inference.paramsFile: model.pdparams is not a *.pdiparams file",
            ),
            id="pickle",
        ),
        pytest.param(
            "dataset.uri",
            "file:///etc/",
            Refusal(Reason.INVALID_SPEC, "a run in a cluster accepts only s3:// addresses"),
            id="file in a cluster",
        ),
    ],
)
def test_fault_of_the_spec_is_named_before_anything_is_fetched(
    runner: Runner, spec: Spec, path: str, value: Any, refusal: Refusal
) -> None:
    refusal.confirm(runner.run(changed(spec, path, value)))


@pytest.mark.parametrize(
    ("environment", "refusal"),
    [
        pytest.param(
            {"AWS_SECRET_ACCESS_KEY": "wrong-secret"},
            Refusal(Reason.STORAGE_ACCESS_DENIED, "denies access (SignatureDoesNotMatch"),
            id="wrong secret",
        ),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "nobody"},
            Refusal(Reason.STORAGE_ACCESS_DENIED, "denies access (InvalidAccessKeyId"),
            id="unknown key",
        ),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": ""},
            Refusal(Reason.INVALID_SPEC, "AWS_ACCESS_KEY_ID (key accessKey of the storage Secret)"),
            id="no key",
        ),
        pytest.param(
            {"S3_ENDPOINT": "http://169.254.169.254"},
            Refusal(
                Reason.INVALID_SPEC,
                "169.254.169.254 is at 169.254.169.254, an address of link-local or metadata services",
            ),
            id="metadata service",
        ),
    ],
)
def test_fault_of_the_credentials_is_named(
    runner: Runner, spec: Spec, environment: dict[str, str], refusal: Refusal
) -> None:
    refusal.confirm(runner.run(spec, **environment))


def test_inputs_that_exceed_the_pods_volume_are_refused(runner: Runner, spec: Spec) -> None:
    """The file system shows the node's space; the volume's limit comes from the operator."""
    Refusal(
        Reason.INVALID_INPUT, "the scratch space has 0 MiB; raise the chart's runner.scratch.work"
    ).confirm(runner.run(spec, SEGCOMPRESS_WORK_BYTES="1"))


def test_act_file_stands_in_for_the_sections(admin: Minio, runner: Runner, spec: Spec, bucket: str) -> None:
    put(admin, bucket, "act.yaml", b"UnstructurePrune: {ration: 0.5}\nTrainConfig: {epochs: 1}\n")
    ended = runner.run(changed(spec, "strategy", {"configUri": f"s3://{bucket}/act.yaml"}))
    assert (ended.code, ended.result.reason) == (3, Reason.INVALID_SPEC)
    assert "UnstructurePrune.ration: is not a field" in ended.result.message
    assert "did you mean ratio?" in ended.result.message
    assert f"s3://{bucket}/act.yaml" in ended.result.message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        pytest.param(
            "strategy.Distillation",
            {"node": ["conv2d_1.tmp_9"]},
            "spec.strategy.Distillation.node",
            id="node",
        ),
        pytest.param(
            "dataset.valTransforms",
            [{"type": "Resize", "target_size": [16, 16]}],
            "spec.dataset.valTransforms: give 12.png (val.txt line 1) 16x16",
            id="size of the model",
        ),
    ],
)
def test_setting_that_does_not_fit_the_model_is_named_before_training(
    runner: Runner, spec: Spec, path: str, value: Any, message: str
) -> None:
    ended = runner.run(changed(spec, path, value))
    Refusal(Reason.INVALID_SPEC, message).confirm(ended)
    assert "Compress" not in ended.log


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        pytest.param(
            "strategy.Distillation",
            {"node": ["conv2d_1.tmp_9"]},
            "spec.strategy.Distillation.node",
            id="node",
        ),
        pytest.param("runtime.device", "GPU", "spec.runtime.device", id="device"),
        pytest.param(
            "strategy.TrainConfig.optimizer_builder",
            {"optimizer": {"type": "Adam", "beta1": "often"}},
            "spec.strategy.TrainConfig.optimizer_builder.optimizer",
            id="optimiser",
        ),
    ],
)
def test_setting_that_cannot_work_is_named_before_pictures_are_fetched(
    pictured: Callable[[bytes, bytes], Spec], runner: Runner, path: str, value: Any, field: str
) -> None:
    ended = runner.run(changed(pictured(b"no picture", MASK), path, value))
    Refusal(Reason.INVALID_SPEC, field).confirm(ended)
    assert "Validate" not in ended.log

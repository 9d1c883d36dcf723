"""Each fault that a user can make, made on a real object store; the message names it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from minio import Minio
from PIL import Image

from segcompress_api.conditions import Reason

from .conftest import put
from .runs import Ended, Runner, Spec, changed

Spoil = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Refusal:
    """What a refused run says."""

    reason: Reason
    message: str

    def confirm(self, ended: Ended) -> None:
        """Check it, and that no retry is asked for."""
        assert (ended.code, ended.result.reason) == (3, self.reason), ended.log
        assert self.message in ended.result.message
        assert "Traceback" not in ended.log


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
            Refusal(Reason.INVALID_SPEC, "a run in a cluster takes s3:// addresses alone"),
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


def picture(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


IMAGE, MASK = picture(np.full((8, 8, 3), 9, np.uint8)), picture(np.zeros((8, 8), np.uint8))
LOW_ODD = np.zeros((48, 40), np.uint8)
NINES, LOW = picture(np.full((8, 8), 9, np.uint8)), picture(np.zeros((4, 8), np.uint8))


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        pytest.param(IMAGE[:60], MASK, "a.png (train.txt line 1): is broken or truncated", id="broken"),
        pytest.param(b"<html>", MASK, "a.png (train.txt line 1): is not a JPEG or PNG", id="no picture"),
        pytest.param(IMAGE, NINES, "m.png (train.txt line 1): holds class id 9", id="class id"),
        pytest.param(IMAGE, LOW, "m.png (train.txt line 1): the mask is 8x4", id="size"),
    ],
)
def test_faulty_picture_is_named_with_its_line(
    pictured: Callable[[bytes, bytes], Spec], runner: Runner, image: bytes, mask: bytes, message: str
) -> None:
    Refusal(Reason.INVALID_INPUT, message).confirm(runner.run(pictured(image, mask)))


@pytest.fixture
def pictured(admin: Minio, spec: Spec, bucket: str) -> Callable[[bytes, bytes], Spec]:
    """Return a function that puts a dataset of one picture in place and returns its spec."""

    def put_both(image: bytes, mask: bytes) -> Spec:
        lists = {"train.txt": b"a.png m.png\n", "val.txt": b"a.png m.png\n"}
        for name, content in {"a.png": image, "m.png": mask, **lists}.items():
            put(admin, bucket, f"data/{name}", content)
        return changed(spec, "dataset.uri", f"s3://{bucket}/data/")

    return put_both


def test_absent_picture_is_named_with_its_line(admin: Minio, runner: Runner, spec: Spec, bucket: str) -> None:
    for name in ("train.txt", "val.txt"):
        put(admin, bucket, f"data/{name}", b"images/7.png m.png\n")
    put(admin, bucket, "data/m.png", MASK)
    ended = runner.run(changed(spec, "dataset.uri", f"s3://{bucket}/data/"))
    assert (ended.code, ended.result.reason) == (3, Reason.INPUT_NOT_FOUND), ended.log
    assert f"s3://{bucket}/data/images/7.png (train.txt line 1) does not exist" in ended.result.message


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        pytest.param("model.pdmodel", lambda _: b"\x80\x04no program", "model.pdmodel: is no", id="program"),
        pytest.param("model.pdiparams", lambda content: content[:-100], "is cut off there", id="parameters"),
    ],
)
def test_faulty_model_is_named(
    spoiled: Callable[[str, Spoil], Spec], runner: Runner, name: str, spoil: Spoil, message: str
) -> None:
    Refusal(Reason.INVALID_INPUT, message).confirm(runner.run(spoiled(name, spoil)))


@pytest.fixture
def spoiled(admin: Minio, spec: Spec, bucket: str) -> Callable[[str, Spoil], Spec]:
    """Return a function that copies the model with one file spoiled and returns its spec."""

    def copy(spoilt: str, spoil: Spoil) -> Spec:
        for name in ("model.pdmodel", "model.pdiparams"):
            response = admin.get_object("inputs", f"model/{name}")
            put(admin, bucket, f"model/{name}", spoil(response.data) if name == spoilt else response.data)
            response.release_conn()
        return changed(spec, "model.inference.uri", f"s3://{bucket}/model/")

    return copy


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


def test_late_picture_of_another_size_is_named_before_anything_is_decoded(
    admin: Minio, runner: Runner, spec: Spec, bucket: str
) -> None:
    odd = {"odd.png": picture(np.zeros((48, 40, 3), np.uint8)), "odd-mask.png": picture(LOW_ODD)}
    names = [f"{number % 2}.png {number % 2}-mask.png\n" for number in range(31)]
    names[23] = "odd.png odd-mask.png\n"
    for name in ("0.png", "0-mask.png", "1.png", "1-mask.png"):
        response = admin.get_object("inputs", f"dataset/{name}")
        put(admin, bucket, f"data/{name}", response.data)
        response.release_conn()
    for name, content in {
        **odd,
        "train.txt": "".join(names).encode(),
        "val.txt": b"0.png 0-mask.png",
    }.items():
        put(admin, bucket, f"data/{name}", content)
    unresized = changed(spec, "dataset.uri", f"s3://{bucket}/data/")
    ended = runner.run(changed(unresized, "dataset.trainTransforms", [{"type": "Normalize"}]))
    Refusal(Reason.INVALID_SPEC, "odd.png (train.txt line 24) 48x40").confirm(ended)
    assert "Baseline" not in ended.log

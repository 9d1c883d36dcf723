"""Each fault of pictures, masks and models, made on a real object store; the message names it."""

from collections.abc import Callable

import numpy as np
import pytest
from minio import Minio

from segcompress_api.conditions import Reason

from .conftest import put
from .refused import IMAGE, MASK, Refusal, Spoil, picture
from .runs import Runner, Spec, changed

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

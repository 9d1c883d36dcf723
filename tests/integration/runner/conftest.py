"""A real object store, with a tiny model and dataset in it, for every test of the runner that needs one."""

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from minio import Minio
from PIL import Image

from devcluster.objectstore import ObjectStore
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.paddle_lite.interpreter import Interpreter
from segcompress_runner.storage import S3Settings

from . import tiny
from .runs import Runner, Spec, changed

TRAIN, VAL = 12, 4


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with ObjectStore(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture(scope="session")
def admin(store: ObjectStore) -> Minio:
    return Minio(store.address, store.access_key, store.secret_key, secure=False, region="us-east-1")


@pytest.fixture
def bucket(admin: Minio, request: pytest.FixtureRequest) -> str:
    """Make an empty bucket with the test's name."""
    letters = (letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    digest = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]
    name = f"t{digest}-{''.join(letters)[:48].strip('-')}"
    admin.make_bucket(name)
    return name


@pytest.fixture
def settings(store: ObjectStore) -> S3Settings:
    return S3Settings(store.address, False, store.access_key, store.secret_key)  # noqa: FBT003


@pytest.fixture
def runner(store: ObjectStore, tmp_path: Path) -> Runner:
    return Runner(store, tmp_path)


@pytest.fixture(scope="session")
def inputs(admin: Minio, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Put a tiny model and dataset into a bucket; return its name."""
    folder = tmp_path_factory.mktemp("inputs")
    tiny.save(folder / "model")
    write_dataset(folder / "dataset")
    admin.make_bucket("inputs")
    for path in folder.rglob("*"):
        if path.is_file():
            admin.fput_object("inputs", path.relative_to(folder).as_posix(), str(path))
    return "inputs"


@pytest.fixture
def spec(inputs: str, bucket: str) -> Spec:
    """Return a spec with a bucket of its own for results."""
    return make_spec(inputs, bucket)


@pytest.fixture
def pictured(admin: Minio, spec: Spec, bucket: str) -> Callable[[bytes, bytes], Spec]:
    """Return a function that puts a dataset of one picture in place and returns its spec."""

    def put_both(image: bytes, mask: bytes) -> Spec:
        lists = {"train.txt": b"a.png m.png\n", "val.txt": b"a.png m.png\n"}
        for name, content in {"a.png": image, "m.png": mask, **lists}.items():
            put(admin, bucket, f"data/{name}", content)
        return changed(spec, "dataset.uri", f"s3://{bucket}/data/")

    return put_both


@pytest.fixture(scope="session")
def interpreter() -> Interpreter:
    """Return Paddle-Lite's interpreter; skip where this machine has no Python 3.10 for it."""
    found = Interpreter()
    try:
        found.version()
    except InvalidSettingError as error:
        if "No interpreter found" in str(error):
            pytest.skip(str(error))
        raise
    return found


def make_spec(inputs: str, bucket: str) -> Spec:
    """Return a spec that takes a few iterations."""
    return {
        "model": {"inference": {"uri": f"s3://{inputs}/model/"}},
        "dataset": {
            "uri": f"s3://{inputs}/dataset/",
            "numClasses": 2,
            "classNames": ["ground", "square"],
            "batchSize": 4,
            "trainTransforms": [
                {"type": "Resize", "target_size": [32, 32]},
                {"type": "RandomHorizontalFlip"},
                {"type": "RandomDistort"},
                {"type": "Normalize"},
            ],
            "valTransforms": [{"type": "Resize", "target_size": [32, 32]}, {"type": "Normalize"}],
        },
        "strategy": {
            "UnstructurePrune": {"ratio": 0.5, "prune_params_type": "conv1x1_only", "local_sparsity": True},
            "TrainConfig": {"train_iter": 4, "eval_iter": 2, "learning_rate": 0.001},
        },
        "benchmark": {"runtimes": ["PaddleInference"], "warmup": 0, "minQueries": 16},
        "output": {"uri": f"s3://{bucket}/results/"},
        "storage": {"secretRef": {"name": "object-store"}},
        "runtime": {"device": "CPU"},
    }


def write_dataset(folder: Path) -> None:
    """Write pictures of a bright square on dark ground, with masks and lists."""
    random = np.random.default_rng(1)
    folder.mkdir()
    lines = []
    for number in range(TRAIN + VAL):
        image = random.integers(0, 90, (40, 48, 3)).astype(np.uint8)
        mask = np.zeros((40, 48), np.uint8)
        top, left = random.integers(0, 20, 2)
        image[top : top + 18, left : left + 18] += 150
        mask[top : top + 18, left : left + 18] = 1
        Image.fromarray(image).save(folder / f"{number}.png")
        Image.fromarray(mask).save(folder / f"{number}-mask.png")
        lines.append(f"{number}.png {number}-mask.png\n")
    # As some tools write it:
    lines[0] = "./0.png ./0-mask.png\n"
    (folder / "train.txt").write_text("".join(lines[:TRAIN]))
    (folder / "val.txt").write_text("".join(lines[TRAIN:]))


def put(admin: Minio, bucket: str, key: str, content: bytes) -> None:
    """Put one object."""
    admin.put_object(bucket, key, io.BytesIO(content), len(content))


def read(admin: Minio, uri: str) -> bytes:
    """Return the content of an object."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    response = admin.get_object(bucket, key)
    try:
        return bytes(response.data)
    finally:
        response.release_conn()

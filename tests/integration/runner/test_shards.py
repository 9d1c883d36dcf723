"""A dataset in tar shards, in a real object store, trained on and measured like its single files."""

import io
import tarfile
from pathlib import Path

from minio import Minio

from segcompress_api.conditions import Reason

from .conftest import TRAIN, VAL, put, write_dataset
from .runs import Ended, Runner, Spec, changed


def shard(folder: Path, numbers: range) -> bytes:
    """Return a tar of some pictures with their masks, in order."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for number in numbers:
            tar.add(folder / f"{number}.png", f"{number:04}.png")
            tar.add(folder / f"{number}-mask.png", f"{number:04}.mask.png")
    return file.getvalue()


def test_shards_beside_single_files_give_the_weights_of_the_files(
    admin: Minio, runner: Runner, spec: Spec, bucket: str, tmp_path: Path
) -> None:
    folder = tmp_path / "dataset"
    write_dataset(folder)
    put(admin, bucket, "data/train-0.tar", shard(folder, range(TRAIN - 1)))
    put(admin, bucket, "data/val-0.tar", shard(folder, range(TRAIN, TRAIN + VAL)))
    last = f"{TRAIN - 1}.png {TRAIN - 1}-mask.png"
    for name in last.split():
        put(admin, bucket, f"data/{name}", (folder / name).read_bytes())
    put(admin, bucket, "data/train.txt", f"train-0.tar\n{last}\n".encode())
    put(admin, bucket, "data/val.txt", b"val-0.tar\n")

    sharded = runner.run(changed(spec, "dataset.uri", f"s3://{bucket}/data/"))
    single = runner.run(spec)

    assert (sharded.code, sharded.result.reason) == (0, Reason.SUCCEEDED), sharded.log
    assert baseline(sharded) == baseline(single)
    assert weights(sharded) == weights(single)


def baseline(ended: Ended) -> str | None:
    assert ended.result.metrics is not None
    return ended.result.metrics.baseline.miou


def weights(ended: Ended) -> str:
    assert ended.result.artifacts is not None
    assert ended.result.artifacts.model is not None
    digest = ended.result.artifacts.model.sha256
    assert digest is not None
    return digest

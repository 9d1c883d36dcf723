"""A reader file in a real object store, in the place of a spec's transforms."""

import yaml
from minio import Minio

from segcompress_api.conditions import Reason

from .conftest import put
from .runs import Runner, Spec, changed


def test_a_run_by_its_reader_file_is_the_run_with_the_transforms_written_out(
    admin: Minio, runner: Runner, spec: Spec, bucket: str
) -> None:
    first = runner.run(spec)
    assert (first.code, first.result.reason) == (0, Reason.SUCCEEDED), first.log
    dataset = spec["dataset"]
    file = {
        "batch_size": dataset["batchSize"],
        "train_dataset": {"type": "Dataset", "transforms": dataset["trainTransforms"], "mode": "train"},
        "val_dataset": {"type": "Dataset", "transforms": dataset["valTransforms"], "mode": "val"},
    }
    put(admin, bucket, "reader.yaml", yaml.safe_dump(file).encode())
    by_file = changed(spec, "dataset.readerConfigUri", f"s3://{bucket}/reader.yaml")
    for key in ("trainTransforms", "valTransforms", "batchSize"):
        by_file = changed(by_file, f"dataset.{key}", None)

    again = runner.run(by_file)
    assert (again.code, again.result.reason) == (0, Reason.REUSED), again.log
    assert again.result.metrics == first.result.metrics

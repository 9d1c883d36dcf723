"""What the demo reads and plans for a cluster of one's own."""

from __future__ import annotations

import pytest

from demo.console import DemoError
from demo.own import settings_from, target_from

GIVEN = {
    "SEGCOMPRESS_CONTEXT": "gke",
    "S3_ENDPOINT": "https://storage.googleapis.com",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        pytest.param("", "s3://segcompress-demo/segcompress-demo/models/sample/", id="none"),
        pytest.param("s3://acme", "s3://acme/segcompress-demo/models/sample/", id="a bucket"),
        pytest.param("s3://acme/ml/", "s3://acme/ml/segcompress-demo/models/sample/", id="a folder"),
    ],
)
def test_everything_lies_below_one_prefix(prefix: str, expected: str) -> None:
    assert target_from({**GIVEN, "S3_PREFIX": prefix}).uri("models", "sample") == expected


@pytest.mark.parametrize("prefix", ["acme", "https://acme", "s3://", "s3:///folder"])
def test_a_prefix_that_is_no_bucket_is_refused(prefix: str) -> None:
    with pytest.raises(DemoError, match=r"S3_PREFIX must be a bucket or a folder in one"):
        target_from({**GIVEN, "S3_PREFIX": prefix})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(DemoError, match=r"S3_ENDPOINT, AWS_SECRET_ACCESS_KEY$"):
        target_from({"SEGCOMPRESS_CONTEXT": "gke", "AWS_ACCESS_KEY_ID": "key"})
    with pytest.raises(DemoError, match="make cluster-down"):
        target_from({})


def test_images_are_pushed_loaded_or_there() -> None:
    assert settings_from({"IMAGE_PREFIX": "registry.example.com/team"}).push
    assert settings_from({"IMAGE_LOAD": "kind load image-archive"}).load == ("kind", "load", "image-archive")
    there = settings_from({"IMAGE_PREFIX": ""})
    assert (there.push, there.load) == (False, ())
    with pytest.raises(DemoError, match="IMAGE_PREFIX names a registry to push to, or IMAGE_LOAD a command"):
        settings_from({})

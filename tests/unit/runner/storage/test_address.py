from pathlib import Path

import pytest

from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.storage import Address, parse_address, safe_join


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        pytest.param("s3://bucket", Address("s3", "bucket", ""), id="bucket"),
        pytest.param("s3://bucket/a/b/", Address("s3", "bucket", "a/b"), id="prefix"),
        pytest.param("s3://bucket/a?b#c%20", Address("s3", "bucket", "a?b#c%20"), id="key as it is"),
        pytest.param("file:///data/x/", Address("file", "", "/data/x"), id="folder"),
    ],
)
def test_address_is_read(uri: str, expected: Address) -> None:
    assert parse_address(uri, "spec.output.uri") == expected


@pytest.mark.parametrize("uri", ["file://data/x", "https://host/x", "s3:///key", "/data/x", ""])
def test_anything_else_is_refused_with_the_field(uri: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"^spec\.output\.uri: .*write s3://bucket/prefix/"):
        parse_address(uri, "spec.output.uri")


@pytest.mark.parametrize("bucket", ["ab", "a..b", "10.0.0.1", "-models", "mod els"])
def test_bucket_that_cannot_be_is_refused_with_the_field(bucket: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"^TO: '.*' is not the name of a bucket: 3 to 63 letters"):
        parse_address(f"s3://{bucket}/x", "TO")


def test_address_reads_as_it_was_written() -> None:
    folder = parse_address("s3://bucket/runs/", "spec.output.uri")
    assert str(folder / "manifest.json") == "s3://bucket/runs/manifest.json"
    assert str(Address("s3", "bucket", "") / "x") == "s3://bucket/x"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        pytest.param("s3://bucket/a/b.yml", (Address("s3", "bucket", "a"), "b.yml"), id="object"),
        pytest.param("s3://bucket/b.yml", (Address("s3", "bucket", ""), "b.yml"), id="object of a bucket"),
        pytest.param("s3://bucket", (Address("s3", "bucket", ""), ""), id="bucket"),
        pytest.param("file:///a/b.yml", (Address("file", "", "/a"), "b.yml"), id="file"),
        pytest.param("file:///b.yml", (Address("file", "", "/"), "b.yml"), id="file of the root"),
    ],
)
def test_object_is_split_from_its_folder(uri: str, expected: tuple[Address, str]) -> None:
    assert parse_address(uri, "spec.output.uri").split() == expected


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "", "a\0b", "a\\b"])
def test_name_must_stay_inside_its_folder(name: str) -> None:
    with pytest.raises(InvalidInputError, match="is not the name of a file inside"):
        safe_join(Path("/work"), name)


def test_name_inside_is_joined() -> None:
    assert safe_join(Path("/work"), "images/a.jpg") == Path("/work/images/a.jpg")

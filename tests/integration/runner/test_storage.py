"""S3Storage against a real MinIO: what comes through, and what each refusal is called."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from minio import Minio

from devcluster.objectstore import ObjectStore
from segcompress_runner.errors import (
    InputNotFoundError,
    InvalidInputError,
    PreemptedError,
    StorageAccessDeniedError,
    StorageUnreachableError,
)
from segcompress_runner.storage import Address, Named, S3Settings, S3Storage

from .conftest import put


def test_fetched_files_hold_the_stored_bytes(
    admin: Minio, bucket: str, settings: S3Settings, tmp_path: Path
) -> None:
    contents = {f"images/{number}.jpg": bytes([number]) * 1000 * number for number in range(1, 40)}
    for name, content in contents.items():
        put(admin, bucket, f"data/{name}", content)
    storage, folder, steps = S3Storage(settings), Address("s3", bucket, "data"), list[int]()

    stats = storage.stat(folder, [Named(name) for name in contents])
    root = storage.fetch(folder, stats, tmp_path / "in", steps.append)

    assert {name: (root / name).read_bytes() for name in contents} == contents
    assert steps == list(range(1, 40))
    assert not list(root.rglob("*.part"))


def test_many_files_are_found_by_listing_as_one_by_one(
    admin: Minio, bucket: str, settings: S3Settings
) -> None:
    names = [f"images/{number} &.jpg" for number in range(70)]
    for name in (*names, "images/not-named.jpg"):
        put(admin, bucket, f"data/{name}", name.encode())
    storage, folder = S3Storage(settings), Address("s3", bucket, "data")
    many = storage.stat(folder, [Named(name) for name in names])
    assert many == tuple(storage.stat(folder, [Named(name)])[0] for name in names)
    with pytest.raises(InputNotFoundError, match=r"data/absent\.jpg \(train\.txt line 9\) does not exist"):
        storage.stat(folder, [*map(Named, names), Named("absent.jpg", "train.txt line 9")])


def test_digest_changes_with_the_content(admin: Minio, bucket: str, settings: S3Settings) -> None:
    storage, folder = S3Storage(settings), Address("s3", bucket, "")
    put(admin, bucket, "mask.png", b"one")
    before = storage.stat(folder, [Named("mask.png")])
    put(admin, bucket, "mask.png", b"two")
    assert storage.stat(folder, [Named("mask.png")]) != before


def test_file_that_changes_while_it_is_fetched_is_not_taken(
    admin: Minio, bucket: str, settings: S3Settings, tmp_path: Path
) -> None:
    storage, folder = S3Storage(settings), Address("s3", bucket, "")
    put(admin, bucket, "mask.png", b"one")
    stats = storage.stat(folder, [Named("mask.png")])
    put(admin, bucket, "mask.png", b"two")
    with pytest.raises(StorageUnreachableError, match=r"mask\.png changed while it was fetched"):
        storage.fetch(folder, stats, tmp_path, lambda _: None)


def test_file_that_lies_here_verified_is_not_fetched_again(
    admin: Minio, bucket: str, settings: S3Settings, tmp_path: Path
) -> None:
    storage, folder = S3Storage(settings), Address("s3", bucket, "")
    put(admin, bucket, "a", b"content")
    stats = storage.stat(folder, [Named("a")])
    storage.fetch(folder, stats, tmp_path, lambda _: None)
    written = (tmp_path / "a").stat().st_mtime_ns
    storage.fetch(folder, stats, tmp_path, lambda _: None)
    assert (tmp_path / "a").stat().st_mtime_ns == written


def test_missing_object_is_named_with_its_list_line(bucket: str, settings: S3Settings) -> None:
    storage = S3Storage(settings)
    with pytest.raises(InputNotFoundError, match=rf"s3://{bucket}/d/7\.jpg \(train\.txt line 7\) does not"):
        storage.stat(Address("s3", bucket, "d"), [Named("7.jpg", "train.txt line 7")])


def test_missing_bucket_is_named(settings: S3Settings) -> None:
    with pytest.raises(InputNotFoundError, match=r"s3://no-such-bucket: the bucket does not exist"):
        S3Storage(settings).read(Address("s3", "no-such-bucket", "train.txt"), 100)


def test_write_into_missing_bucket_is_named(settings: S3Settings) -> None:
    with pytest.raises(InputNotFoundError, match=r"s3://no-such-bucket: the bucket does not exist"):
        S3Storage(settings).write(Address("s3", "no-such-bucket", "x"), b"")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda right: replace(right, secret_key="wrong-secret"), id="wrong secret key"),
        pytest.param(lambda right: replace(right, access_key="nobody"), id="unknown access key"),
    ],
)
def test_wrong_credentials_are_denied_at_once(
    bucket: str, settings: S3Settings, change: Callable[[S3Settings], S3Settings]
) -> None:
    storage = S3Storage(change(settings))
    address = Address("s3", bucket, "train.txt")
    with pytest.raises(StorageAccessDeniedError, match=str(address)):
        storage.read(address, 100)
    with pytest.raises(StorageAccessDeniedError, match=str(address)):
        storage.create(address, b"{}")
    with pytest.raises(StorageAccessDeniedError, match=str(address)):
        storage.stat(Address("s3", bucket, ""), [Named("train.txt")])


def test_store_that_is_gone_is_unreachable_after_patience(bucket: str, tmp_path: Path) -> None:
    notes = list[str]()
    with ObjectStore(tmp_path / "short-lived") as other:
        settings = S3Settings(other.address, False, other.access_key, other.secret_key)  # noqa: FBT003
    storage = S3Storage(settings, patience_s=0.5, note=notes.append)
    with pytest.raises(StorageUnreachableError, match=rf"http://{settings.host} is out of reach.*tried for"):
        storage.read(Address("s3", bucket, "x"), 100)
    assert len(notes) == 1


def test_outage_shorter_than_patience_goes_unnoticed(tmp_path: Path) -> None:
    with ObjectStore(tmp_path / "restarted") as other:
        admin = Minio(other.address, other.access_key, other.secret_key, secure=False, region="us-east-1")
        admin.make_bucket("kept")
        put(admin, "kept", "x", b"still here")
        other.stop()
        storage = S3Storage(
            S3Settings(other.address, False, other.access_key, other.secret_key)  # noqa: FBT003
        )
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(storage.read, Address("s3", "kept", "x"), 100)
            other.start()
            assert reading.result() == b"still here"


def test_stop_ends_waiting_for_an_absent_store(settings: S3Settings) -> None:
    asked = threading.Event()
    storage = S3Storage(replace(settings, host="127.0.0.1:9"), stop=asked.is_set, note=lambda _: asked.set())
    with pytest.raises(PreemptedError):
        storage.read(Address("s3", "any", "x"), 100)


def test_one_of_many_publishers_wins(bucket: str, settings: S3Settings) -> None:
    address = Address("s3", bucket, "run/manifest.json")
    storages = [S3Storage(settings) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: storages[n].create(address, f'{{"winner": {n}}}'.encode()), range(8)))
    assert won.count(True) == 1
    assert storages[0].read(address, 100) == f'{{"winner": {won.index(True)}}}'.encode()


def test_create_leaves_what_is_there(admin: Minio, bucket: str, settings: S3Settings) -> None:
    put(admin, bucket, "manifest.json", b"first")
    storage, address = S3Storage(settings), Address("s3", bucket, "manifest.json")
    assert not storage.create(address, b"second")
    assert storage.read(address, 100) == b"first"
    found = admin.stat_object(bucket, "manifest.json")
    assert not [name for name in found.metadata or {} if "none-match" in name.lower()]


def test_one_of_many_replacers_wins(admin: Minio, bucket: str, settings: S3Settings) -> None:
    address, storages = Address("s3", bucket, "manifest.json"), [S3Storage(settings) for _ in range(8)]
    put(admin, bucket, "manifest.json", b"first")
    found = storages[0].read_tagged(address, 100)
    assert found.content == b"first"
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: storages[n].replace(address, b"%d" % n, found.tag), range(8)))
    assert won.count(True) == 1
    assert storages[0].read(address, 100) == b"%d" % won.index(True)


def test_what_is_gone_or_changed_is_not_replaced(admin: Minio, bucket: str, settings: S3Settings) -> None:
    storage, address = S3Storage(settings), Address("s3", bucket, "manifest.json")
    put(admin, bucket, "manifest.json", b"first")
    tag = storage.read_tagged(address, 100).tag
    put(admin, bucket, "manifest.json", b"second")
    assert not storage.replace(address, b"third", tag)
    assert storage.read(address, 100) == b"second"
    admin.remove_object(bucket, "manifest.json")
    assert not storage.replace(address, b"third", tag)
    with pytest.raises(InputNotFoundError):
        storage.read(address, 100)


def test_uploaded_files_hold_the_local_bytes(
    admin: Minio, bucket: str, settings: S3Settings, tmp_path: Path
) -> None:
    files = {"model.pdmodel": tmp_path / "a", "model.pdiparams": tmp_path / "b"}
    for path in files.values():
        path.write_bytes(path.name.encode() * 100_000)
    S3Storage(settings).upload(Address("s3", bucket, "run"), files, lambda _: None)
    for name, path in files.items():
        response = admin.get_object(bucket, f"run/{name}")
        assert response.data == path.read_bytes()
        response.release_conn()


def test_read_refuses_what_is_too_large(admin: Minio, bucket: str, settings: S3Settings) -> None:
    put(admin, bucket, "list.txt", b"x" * 101)
    with pytest.raises(InvalidInputError, match="is over 100 bytes"):
        S3Storage(settings).read(Address("s3", bucket, "list.txt"), 100)

"""Promotion on a real MinIO: two promoters in processes, one killed at every call, and a reader meanwhile."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from minio import Minio

from devcluster.objectstore import ObjectStore
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.outputs.manifests import MANIFEST, MeasurementManifest
from segcompress_runner.outputs.publish import (
    Measurement,
    Trained,
    bucket_place,
    publish_measurement,
    publish_model,
)
from segcompress_runner.outputs.published import find_published
from segcompress_runner.run_key import RunKeys
from segcompress_runner.storage import Address, S3Settings, S3Storage
from unit.runner.publish.publishing import NOW, SUCCEEDED, TRAINING

from .conftest import read

PROGRAM = Path(__file__).with_name("promoter.py")
CALLS = 7
"""Of the storage in one promotion: read_tagged, stat, fetch, upload, stat, then create or replace; one more
shows that no call was missed."""


@dataclass(frozen=True)
class Key:
    """The key of a test, the results that can be promoted to it, and who may read its bucket."""

    admin: Minio
    bucket: str
    results: list[str]

    @property
    def to(self) -> str:
        return f"s3://{self.bucket}/chosen"


class Promoter:
    """A process that runs promotions on command."""

    def __init__(self, store: ObjectStore) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(store),
        )

    def tell(self, words: str = "", **command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(command) if command else words}\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def ask(self, **command: Any) -> str:
        self.tell(**command)
        return self.answer()

    def close(self) -> None:
        self._process.communicate()


def environment(store: ObjectStore) -> dict[str, str]:
    credentials = {
        "S3_ENDPOINT": f"http://{store.address}",
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.secret_key,
    }
    return {**os.environ, **credentials}


@pytest.fixture(scope="module")
def promoters(store: ObjectStore) -> Iterator[tuple[Promoter, Promoter]]:
    made = Promoter(store), Promoter(store)
    yield made
    for each in made:
        each.close()


@pytest.fixture
def results(bucket: str, settings: S3Settings, tmp_path: Path) -> list[str]:
    """Publish four results, whose files hold their number; return their manifests' addresses."""
    return [publish(S3Storage(settings), bucket, tmp_path, number) for number in range(4)]


@pytest.fixture
def key(admin: Minio, bucket: str, results: list[str]) -> Key:
    return Key(admin, bucket, results)


def publish(storage: S3Storage, bucket: str, folder: Path, number: int) -> str:
    keys = RunKeys(f"{number:016x}", f"{number + 8:016x}")
    file = folder / f"{number}.bin"
    file.write_bytes(f"{number}".encode() * 10_000)
    where = bucket_place(Address("s3", bucket, "runs"), keys.model, "pod-1")
    trained = Trained(keys.model, ModelFiles(file, file), TRAINING, NOW)
    model = publish_model(storage, where, trained, folder, lambda _: None)
    measured = Measurement(keys, model, SUCCEEDED, "a CPU", 1, {"report.html": file}, NOW)
    artifacts = publish_measurement(storage, where, measured, lambda _: None).artifacts
    assert artifacts is not None
    return artifacts.manifest.uri


def held(admin: Minio, bucket: str) -> MeasurementManifest | None:
    """Return the manifest under the key, once everything that it names was found to be as it says."""
    names = [item.object_name for item in admin.list_objects(bucket, prefix=f"chosen/{MANIFEST}")]
    if not names:
        return None
    manifest = MeasurementManifest.model_validate_json(read(admin, f"s3://{bucket}/chosen/{MANIFEST}"))
    contents = {file.name: read(admin, f"s3://{bucket}/chosen/{file.path}") for file in manifest.files}
    for file in manifest.files:
        assert hashlib.sha256(contents[file.name]).hexdigest() == file.sha256
    assert len(set(contents.values())) == 1  # never of two models
    return manifest


@contextmanager
def read_all_the_while(admin: Minio, bucket: str) -> Iterator[list[str]]:
    """Read the key in a thread; yield the sources that were seen."""
    over, seen, problems = threading.Event(), list[str](), list[BaseException]()

    def poll() -> None:
        try:
            while not over.is_set():
                seen.append(source(held(admin, bucket)))
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            problems.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
    assert problems == []


def source(manifest: MeasurementManifest | None) -> str:
    return manifest.promotion.source if manifest and manifest.promotion else ""


def test_of_two_promoters_one_wins_and_the_other_is_told(
    promoters: tuple[Promoter, Promoter], admin: Minio, bucket: str, results: list[str]
) -> None:
    before = None
    with read_all_the_while(admin, bucket) as seen:
        for number in range(20):
            pair = results[:2] if number % 2 == 0 else results[2:]
            for promoter, result in zip(promoters, pair, strict=True):
                promoter.tell(result=result, to=f"s3://{bucket}/chosen", name=f"{result}-{number}", wait=True)
            assert [promoter.answer() for promoter in promoters] == ["ready", "ready"]
            for promoter in promoters:
                promoter.tell("go")
            answers = [promoter.answer() for promoter in promoters]
            winner = answers.index("promoted")
            now = held(admin, bucket)
            assert source(now) == pair[winner]
            assert answers[1 - winner].startswith("PromotedMeanwhileError: ")
            assert f"{pair[winner]} was promoted at" in answers[1 - winner]
            assert now is not None
            assert now.promotion is not None
            assert now.promotion.replaced == before
            before = hashlib.sha256(read(admin, f"s3://{bucket}/chosen/{MANIFEST}")).hexdigest()
    assert set(seen) > {""}


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("occupied", [False, True], ids=["empty key", "key in use"])
def test_promoter_that_is_killed_leaves_the_model_before_or_the_next_one(
    promoters: tuple[Promoter, Promoter],
    key: Key,
    side: str,
    occupied: bool,  # noqa: FBT001
) -> None:
    promoter, wanted, known = promoters[0], {"result": key.results[0], "to": key.to}, ""
    if occupied:
        known = key.results[3]
        assert promoter.ask(result=known, to=key.to, name="first") == "promoted"
    answers = []
    for at in range(CALLS):
        answers.append(promoter.ask(**wanted, name=f"{at}", kill={"at": at, "side": side}))
        now = source(held(key.admin, key.bucket))
        assert now == key.results[0] or (now == known and answers[-1] == "killed")
    assert answers[:5] == ["killed"] * 5
    assert answers[-1] != "killed"
    assert promoter.ask(**wanted, name="last") == "promoted already"
    assert source(held(key.admin, key.bucket)) == key.results[0]


def test_halfway_through_the_upload_nothing_is_named(
    admin: Minio, bucket: str, settings: S3Settings, results: list[str], promoters: tuple[Promoter, Promoter]
) -> None:
    """A killed promotion leaves files that no manifest names; the next one needs no cleanup."""
    storage, to = S3Storage(settings), f"s3://{bucket}/chosen"
    published = find_published(storage, Address("s3", bucket, results[0].split("/", 3)[3]))
    version = f"chosen/versions/{published.stored.sha256[:16]}"
    storage.write(Address("s3", bucket, f"{version}/model.pdmodel"), b"torn")
    assert held(admin, bucket) is None
    assert promoters[0].ask(result=results[0], to=to, name="next") == "promoted"
    assert source(held(admin, bucket)) == results[0]


def test_command_promotes_from_bucket_to_bucket(
    store: ObjectStore, admin: Minio, bucket: str, results: list[str]
) -> None:
    arguments = [sys.executable, "-m", "segcompress", "promote"]
    digest = hashlib.sha256(read(admin, results[1])).hexdigest()
    ended = subprocess.run(
        [*arguments, results[1], f"s3://{bucket}/chosen/", "--sha256", digest],
        env=environment(store),
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"manifest: s3://{bucket}/chosen/manifest.json" in ended.stdout
    assert source(held(admin, bucket)) == results[1]
    report = next(iter(admin.list_objects(bucket, prefix="chosen/versions/", recursive=True)))
    found = admin.stat_object(bucket, str(report.object_name).rpartition("/")[0] + "/report.html")
    assert found.content_type == "text/html; charset=utf-8"

"""A real object store for every test of the runner that speaks to one."""

from collections.abc import Iterator

import pytest
from minio import Minio

from devcluster.objectstore import ObjectStore
from segcompress_runner.storage import S3Settings


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
    name = f"t-{''.join(letters)[:56].strip('-')}"
    admin.make_bucket(name)
    return name


@pytest.fixture
def settings(store: ObjectStore) -> S3Settings:
    return S3Settings(store.address, False, store.access_key, store.secret_key)  # noqa: FBT003

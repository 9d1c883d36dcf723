"""Credentials of a run stand in nothing that it leaves: not in its log, message, files or results."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from minio import Minio
from minio.credentials import AssumeRoleProvider

import canaries
from devcluster.objectstore import ObjectStore

from .conftest import read
from .runs import Ended, Runner, Spec, changed

Keys = dict[str, str]


@pytest.fixture
def keys(store: ObjectStore) -> Keys:
    """Return credentials that the store made a moment ago, session token included."""
    given = AssumeRoleProvider(
        sts_endpoint=store.endpoint, access_key=store.access_key, secret_key=store.secret_key
    ).retrieve()
    return {
        "AWS_ACCESS_KEY_ID": given.access_key,
        "AWS_SECRET_ACCESS_KEY": given.secret_key,
        "AWS_SESSION_TOKEN": given.session_token or "",
    }


def left_behind(runner: Runner, ended: Ended) -> Iterator[tuple[str, bytes]]:
    """Yield every file that a run left on its volumes, and its log."""
    yield "log", ended.log.encode()
    yield from ((str(path), path.read_bytes()) for path in runner.folder.rglob("*") if path.is_file())


def published(admin: Minio, bucket: str) -> Iterator[tuple[str, bytes]]:
    for item in admin.list_objects(bucket, recursive=True):
        yield str(item.object_name), read(admin, f"s3://{bucket}/{item.object_name}")


def test_credentials_stand_in_nothing_that_a_run_leaves(
    admin: Minio, runner: Runner, spec: Spec, bucket: str, keys: Keys
) -> None:
    ended = runner.run(spec, **keys)
    assert ended.code == 0, ended.log
    results = dict(published(admin, bucket))
    assert {Path(name).name for name in results} >= {"result.json", "report.html", "manifest.json"}
    places = {**results, **dict(left_behind(runner, ended))}
    assert canaries.found(keys.values(), places.items()) == []
    assert canaries.found(["X-Amz-Signature"], places.items()) == []


@pytest.mark.parametrize(
    ("change", "environment"),
    [
        pytest.param(("dataset.uri", "s3://inputs/absent/"), {}, id="an input that is missing"),
        pytest.param(("dataset.uri", "s3://no-such-bucket/x/"), {}, id="a bucket that is missing"),
        pytest.param(("seed", 1), {"S3_ENDPOINT": "http://169.254.169.254"}, id="a metadata service"),
        pytest.param(("seed", 1), {"AWS_REGION": "nowhere 1"}, id="a region that is none"),
    ],
)
def test_credentials_do_not_stand_in_what_a_failed_run_leaves(
    runner: Runner, spec: Spec, keys: Keys, change: tuple[str, object], environment: Keys
) -> None:
    ended = runner.run(changed(spec, *change), **keys, **environment)
    assert ended.code == 3, ended.log
    assert canaries.found(keys.values(), left_behind(runner, ended)) == []


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize("more", [pytest.param("x", id="wrong"), pytest.param("\r\nX-More: 1", id="broken")])
def test_wrong_credentials_do_not_stand_in_what_a_run_leaves(
    runner: Runner, spec: Spec, keys: Keys, variable: str, more: str
) -> None:
    middle = len(keys[variable]) // 2
    wrong = keys[variable][:middle] + more + keys[variable][middle:]
    ended = runner.run(spec, **{**keys, variable: wrong})
    assert ended.code == 3, ended.log
    halves = [keys[variable][:middle], keys[variable][middle:]]
    assert canaries.found([*halves, *keys.values()], left_behind(runner, ended)) == []
    assert f"{variable} (key" in ended.result.message or more == "x"

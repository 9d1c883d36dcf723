"""Stories made from the CRD's schema (tests/sequences): every field changes, and each resource comes to rest.

SEGCOMPRESS_STORIES=10 plays ten for each field, SEED=1 others: `make test-sequences`.
"""

import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from devcluster.audit import read_requests
from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, Body, eventually
from integration.operator.process import OPERATOR_USER, Operator
from sequences.story import PATHS, Step, stories
from sequences.user import Told, User
from unit.api.differences import refusal

STORIES = int(os.environ.get("SEGCOMPRESS_STORIES", "2"))
SEED = os.environ.get("SEED", "0")
PLAYED = settings(
    max_examples=STORIES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
PATIENCE_SECONDS = 600.0
"""Only so that a failing test ends."""

pytestmark = pytest.mark.timeout(900 + 60 * STORIES)


def condition(resource: Body, type_: str) -> Body:
    found = resource.get("status", {}).get("conditions", ())
    return next((each for each in found if each["type"] == type_), {})


def rests(resource: Body, jobs: list[Body]) -> bool:
    """Return whether nothing is left to be done: it has ended, is suspended without a Job, or has its Job."""
    alive = [job for job in jobs if not job["metadata"].get("deletionTimestamp")]
    if condition(resource, "Finished").get("status") == "True":
        return True
    if resource["status"].get("observedGeneration") != resource["metadata"]["generation"]:
        return False
    if resource["spec"]["suspend"]:
        return condition(resource, "Suspended").get("status") == "True" and not jobs
    return len(alive) == 1 == len(jobs)


def play(user: User, path: str) -> None:
    """Play the stories of one field."""

    @seed(zlib.crc32(f"{SEED} {path}".encode()))
    @PLAYED
    @given(stories(path))
    def played(story: list[Step]) -> None:
        user.plays(story)

    played()


def restless(api: Api, namespace: str) -> Iterator[str]:
    """Yield what is not at rest."""
    jobs = jobs_by_owner(api, namespace)
    for resource in api.list("scj", namespace):
        meta = resource["metadata"]
        if not rests(resource, jobs.get(meta["uid"], [])):
            yield f"{meta['name']}: {resource['status']} {len(jobs.get(meta['uid'], ()))} Jobs"


def jobs_by_owner(api: Api, namespace: str) -> dict[str, list[Body]]:
    found: dict[str, list[Body]] = {}
    for job in api.list("jobs", namespace):
        for owner in job["metadata"].get("ownerReferences", ()):
            found.setdefault(owner["uid"], []).append(job)
    return found


def coverage(told: Told) -> str:
    """Return how often each field was changed, and how often that was refused."""
    lines = [f"{told.transitions} transitions: {dict(told.verbs.most_common())}"]
    lines += [f"{path}: {told.changed[path]} changes, {told.refused[path]} refused" for path in PATHS]
    return "\n".join(lines)


def check_end(resource: Body, jobs: list[Body], spec: Body) -> None:
    """Check that a wrong spec, and no other, ended in one sentence and without a Job."""
    name, failed, wrong = resource["metadata"]["name"], condition(resource, "Failed"), refusal(spec)
    if failed.get("status") == "True" and failed["reason"] == "InvalidSpec":
        assert "spec." in failed["message"], failed
        assert failed["message"].isprintable()
        assert jobs == []
    elif failed.get("status") == "True":
        assert failed["reason"] == "DeadlineExceeded", failed
        assert spec["activeDeadlineSeconds"] < PATIENCE_SECONDS, failed
    else:
        assert spec["suspend"] or not wrong, f"{name} goes on: {wrong}"


def test_every_field_changes_and_every_resource_comes_to_rest(
    api: Api,
    plane: ControlPlane,
    namespace: str,
    start_operator: Callable[..., Operator],
    capsys: pytest.CaptureFixture[str],
) -> None:
    operator, user = start_operator(namespace), User(api, namespace)
    for path in PATHS:
        play(user, path)
    told = user.told
    with capsys.disabled():
        print(f"\n{coverage(told)}")  # noqa: T201 - the coverage is what this test is run for
    eventually(lambda: not [*restless(api, namespace)], "all resources at rest", patience=PATIENCE_SECONDS)
    assert "\n".join(told.problems) == ""
    assert min(told.changed[path] for path in PATHS) >= 2 * STORIES
    assert told.transitions >= 3 * STORIES * len(PATHS)
    jobs = jobs_by_owner(api, namespace)
    for resource in api.list("scj", namespace):
        uid = resource["metadata"]["uid"]
        check_end(resource, jobs.get(uid, []), told.specs[uid])
    assert jobs_made_twice(plane, namespace) == []
    assert operator.runs()
    log = operator.log.read_text()
    assert "Traceback" not in log
    assert "a bug" not in log


def jobs_made_twice(plane: ControlPlane, namespace: str) -> list[str]:
    made = Counter(
        each.name
        for each in read_requests(plane.audit_log, OPERATOR_USER)
        if (each.verb, each.resource, each.namespace, each.code) == ("create", "jobs", namespace, 201)
    )
    return [name for name, times in made.items() if times > 1]

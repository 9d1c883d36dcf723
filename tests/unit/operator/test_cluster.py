"""Requests to the API server: what is sent, and what each answer means to us."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from kubernetes.aio.client import Configuration

from segcompress_operator import kinds
from segcompress_operator.cluster import Cluster, NameTakenError
from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.kinds import Ref
from segcompress_operator.planning.plan import Announcement
from unit.operator.api_server import Answer, talk
from unit.operator.fed import REF
from unit.operator.samples import OWNER, job_body

META = {"resourceVersion": "10", "uid": OWNER.uid}
MANIFEST = {"apiVersion": "batch/v1", "kind": "Job", **job_body()}
JOBS = "/apis/batch/v1/namespaces/vision/jobs"
JOB = f"{JOBS}/{MANIFEST['metadata']['name']}"
STATUS = "/apis/segcompress.dev/v1alpha1/namespaces/vision/segcompressionjobs/demo/status"
FOREIGN = {"metadata": {"name": "x", "uid": "other"}}


def test_created_job_is_returned() -> None:
    made, server = talk(lambda c: c.create(MANIFEST), {("POST", JOBS): (201, MANIFEST)})
    assert made == MANIFEST
    assert [asked[:2] for asked in server.asked] == [("POST", JOBS)]


def test_proxies_of_the_environment_are_not_for_the_api_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watches use none either; and looking for one takes two threads a request."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    made, _ = talk(lambda c: c.create(MANIFEST), {("POST", JOBS): (201, MANIFEST)})
    assert made == MANIFEST


def test_job_that_an_earlier_try_made_is_ours() -> None:
    answers = {("POST", JOBS): (409, {"message": "exists"}), ("GET", JOB): (200, MANIFEST)}
    made, _ = talk(lambda c: c.create(MANIFEST), answers)
    assert made == MANIFEST


def without_labels() -> dict[str, Any]:
    return {**MANIFEST, "metadata": {**MANIFEST["metadata"], "labels": {"team": "vision"}}}


def test_job_that_lost_its_labels_gets_them_back() -> None:
    """Without them no watch tells of it, and it would be asked for in every round."""
    answers = {
        ("POST", JOBS): (409, {}),
        ("GET", JOB): (200, without_labels()),
        ("PATCH", JOB): (200, MANIFEST),
    }
    made, server = talk(lambda c: c.create(MANIFEST), answers)
    assert made == MANIFEST
    assert server.asked[-1][2] == {"metadata": {"labels": MANIFEST["metadata"]["labels"]}}


def test_labels_that_are_taken_away_again_are_a_refusal() -> None:
    """So that it is tried ever more rarely, and said."""
    bare = without_labels()
    answers = {("POST", JOBS): (409, {}), ("GET", JOB): (200, bare), ("PATCH", JOB): (200, bare)}
    with pytest.raises(RefusedError, match="removes its labels") as refused:
        talk(lambda c: c.create(MANIFEST), answers)
    assert not refused.value.final


def test_job_of_another_owner_is_not_ours() -> None:
    answers = {("POST", JOBS): (409, {"message": "exists"}), ("GET", JOB): (200, FOREIGN)}
    with pytest.raises(NameTakenError):
        talk(lambda c: c.create(MANIFEST), answers)


def test_not_found_is_believed_from_the_api_server_alone() -> None:
    """A proxy, or an API server that has not loaded the kind yet, says 404 too."""
    with pytest.raises(RetryableError):
        talk(lambda c: c.create(MANIFEST), {("POST", JOBS): (404, {"message": "404 page not found"})})


@pytest.mark.parametrize("status", [404, 409])
def test_denial_is_a_refusal_whatever_status_a_webhook_gives_it(status: int) -> None:
    denial = {"reason": "NotFound", "message": 'admission webhook "x" denied the request: no such team'}
    with pytest.raises(RefusedError, match="no such team") as refused:
        talk(lambda c: c.create(MANIFEST), {("POST", JOBS): (status, denial)})
    assert not refused.value.final


def test_job_that_vanished_between_two_requests_is_tried_again() -> None:
    answers = {("POST", JOBS): (409, {"message": "exists"}), ("GET", JOB): (404, {"reason": "NotFound"})}
    with pytest.raises(RetryableError):
        talk(lambda c: c.create(MANIFEST), answers)


def invalid(*causes: Mapping[str, str]) -> dict[str, Any]:
    return {"reason": "Invalid", "details": {"kind": "Job", "causes": causes}}


OURS = {"reason": "FieldValueInvalid", "field": "spec.template.spec.containers[0].resources.requests"}


@pytest.mark.parametrize(
    ("status", "answer", "final"),
    [
        pytest.param(422, invalid(OURS), True, id="validation"),
        pytest.param(422, invalid({"message": "no"}), False, id="a policy's cause has no field"),
        pytest.param(422, {"reason": "Invalid"}, False, id="no cause"),
        pytest.param(
            422,
            {**invalid(OURS), "message": 'admission webhook "x" denied the request: exceeded quota'},
            False,
            id="a webhook that names fields",
        ),
        pytest.param(400, {"reason": "BadRequest"}, False, id="a webhook without an explanation"),
        pytest.param(403, {"reason": "Forbidden"}, False, id="quota"),
        pytest.param(413, {"reason": "RequestEntityTooLarge"}, True, id="too large"),
        pytest.param(
            413,
            {"message": "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: exceeded quota"},
            False,
            id="a policy with that reason",
        ),
    ],
)
def test_refused_job_says_whether_a_retry_can_help(
    status: int, answer: Mapping[str, Any], *, final: bool
) -> None:
    answers = {("POST", JOBS): (status, {"message": "exceeded quota", **answer})}
    with pytest.raises(RefusedError, match="exceeded quota") as refused:
        talk(lambda c: c.create(MANIFEST), answers)
    assert refused.value.final is final


def test_message_of_an_answer_is_cut() -> None:
    answers = {("POST", JOBS): (403, {"message": "x" * 100_000})}
    with pytest.raises(RefusedError) as refused:
        talk(lambda c: c.create(MANIFEST), answers)
    assert len(str(refused.value)) == 1024


@pytest.mark.parametrize(("status", "wait"), [(401, 7.0), (409, None), (429, 7.0), (500, 7.0), (503, 7.0)])
def test_busy_api_server_is_tried_again_after_its_own_wish(status: int, wait: float | None) -> None:
    answers = {("PATCH", STATUS): (status, {"message": "later"})}
    with pytest.raises(RetryableError) as error:
        talk(lambda c: c.patch_status(REF, META, {}), answers, {"Retry-After": "7"})
    assert error.value.retry_after == wait


def test_wish_that_is_no_number_of_seconds_is_none() -> None:
    answers = {("PATCH", STATUS): (429, {"message": "later"})}
    with pytest.raises(RetryableError) as error:
        talk(
            lambda c: c.patch_status(REF, META, {}), answers, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
        )
    assert error.value.retry_after is None


def test_resource_that_is_gone_needs_no_status() -> None:
    answers = {("PATCH", STATUS): (404, {"reason": "NotFound"})}
    with pytest.raises(GoneError):
        talk(lambda c: c.patch_status(REF, META, {}), answers)


def test_status_is_merged_into_the_very_version_that_was_seen() -> None:
    _, server = talk(
        lambda c: c.patch_status(REF, META, {"phase": "Running"}), {("PATCH", STATUS): (200, {})}
    )
    (_, _, body, headers) = server.asked[0]
    assert body == {"metadata": {"resourceVersion": "10", "uid": OWNER.uid}, "status": {"phase": "Running"}}
    assert headers["Content-Type"] == "application/merge-patch+json"


def test_job_is_patched() -> None:
    ref = Ref(kinds.JOBS, "vision", MANIFEST["metadata"]["name"])
    patch = {"spec": {"ttlSecondsAfterFinished": 60}}
    _, server = talk(lambda c: c.patch(ref, patch), {("PATCH", JOB): (200, {})})
    assert server.asked[0][2] == patch


def test_last_refusal_of_a_pod_is_found_by_the_jobs_uid() -> None:
    items = [
        {"message": "new", "lastTimestamp": "2026-11-01T12:00:01Z"},
        {"message": "old", "lastTimestamp": "2026-11-01T12:00:00Z"},
        {"message": "oldest", "eventTime": "2026-11-01T11:00:00.000000Z"},
    ]
    path = "/api/v1/namespaces/vision/events"
    found, server = talk(lambda c: c.pod_refusal("vision", "job-1"), {("GET", path): (200, {"items": items})})
    assert found == ("new", datetime(2026, 11, 1, 12, 0, 1, tzinfo=UTC))
    again = {"message": "again", "series": {"lastObservedTime": "2026-11-01T13:00:00.000000Z"}}
    found, _ = talk(
        lambda c: c.pod_refusal("vision", "job-1"), {("GET", path): (200, {"items": [*items, again]})}
    )
    assert found[0] == "again"
    assert "involvedObject.uid%3Djob-1" in server.asked[0][1]
    assert talk(lambda c: c.pod_refusal("vision", "j"), {("GET", path): (200, {"items": []})})[0] == (
        "",
        None,
    )


@pytest.mark.parametrize("status", [201, 403, 404, 409, 500])
def test_event_that_cannot_be_posted_is_no_failure(status: int) -> None:
    said = Announcement("Warning", "Failed", "x" * 5000)
    path = "/api/v1/namespaces/vision/events"
    _, server = talk(lambda c: c.post_event(REF, OWNER.uid, said), {("POST", path): (status, {})})
    event = server.asked[0][2]
    assert event["involvedObject"]["uid"] == OWNER.uid
    assert len(event["message"]) == 1024
    assert (event["type"], event["reason"]) == ("Warning", "Failed")


@pytest.mark.parametrize("page", ["<html>Please log in</html>", "", '{"kind": "Job", "meta', "[]"])
def test_success_of_a_proxy_is_not_the_api_servers(page: str) -> None:
    with pytest.raises(RetryableError) as error:
        talk(lambda c: c.create(MANIFEST), {("POST", JOBS): (200, page)})
    assert str(error.value) == "POST: the answer is not a JSON object; is a proxy in the way?"


def test_api_server_that_is_away_is_tried_again() -> None:
    async def scene() -> None:
        async with Cluster(Configuration("http://127.0.0.1:1"), "operator") as cluster:
            with pytest.raises(RetryableError, match="does not answer"):
                await cluster.create(MANIFEST)

    asyncio.run(scene())


def test_who_does_not_lead_reads_and_writes_nothing() -> None:
    async def scene() -> None:
        configuration = Configuration("http://127.0.0.1:1")
        async with Cluster(configuration, "operator", may_write=lambda: False) as cluster:
            for write in (
                cluster.create(MANIFEST),
                cluster.patch(Ref(kinds.JOBS, "vision", "a"), {}),
                cluster.patch_status(REF, META, {}),
            ):
                with pytest.raises(RetryableError, match="this process does not lead"):
                    await write
            with pytest.raises(RetryableError, match="does not answer"):
                await cluster.get(Ref(kinds.JOBS, "vision", "a"))

    asyncio.run(scene())


DELETE_OPTIONS = {"preconditions": {"uid": "job-1"}, "propagationPolicy": "Foreground"}


def test_a_deletion_names_the_uid_and_waits_for_the_pods() -> None:
    gone, server = talk(
        lambda c: c.delete(Ref(kinds.JOBS, "vision", "job"), "job-1"),
        {("DELETE", f"{JOBS}/job"): (200, MANIFEST)},
    )
    assert gone == MANIFEST
    assert server.asked[-1][2] == DELETE_OPTIONS


def test_a_deletion_may_name_the_version_too() -> None:
    _, server = talk(
        lambda c: c.delete(Ref(kinds.JOBS, "vision", "job"), "job-1", "17"),
        {("DELETE", f"{JOBS}/job"): (200, MANIFEST)},
    )
    assert server.asked[-1][2]["preconditions"] == {"uid": "job-1", "resourceVersion": "17"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param((404, {"reason": "NotFound", "message": "gone"}), GoneError, id="gone already"),
        pytest.param((200, {"kind": "Status", "status": "Success"}), GoneError, id="gone at once"),
        pytest.param((409, {"reason": "Conflict", "message": "uid"}), RetryableError, id="another one"),
    ],
)
def test_a_deletion_that_finds_no_such_object_raises(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        talk(
            lambda c: c.delete(Ref(kinds.JOBS, "vision", "job"), "job-1"),
            {("DELETE", f"{JOBS}/job"): answer},
        )

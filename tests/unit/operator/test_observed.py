"""What is kept of an object: every fact of one that says all, and the defaults of one that says nothing.

Each goes the whole way, from its JSON: what the streams do not read, the parsers cannot see.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Raw

from segcompress_operator.planning import parsing
from segcompress_operator.planning.bodies import JobBody, PodBody, ResourceBody
from segcompress_operator.planning.observed import ObservedJob, ObservedPod, Resource
from segcompress_operator.planning.parsing import controller_uid, parse_time
from segcompress_operator.resources.names import Owner
from segcompress_operator.watching.decoding import Reader

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BARE: dict[str, Any] = {"metadata": {"uid": "u", "name": "n"}}
OWNED = {"ownerReferences": [{"uid": "watcher"}, {"uid": "owner", "controller": True}]}


def read(kind: type, body: Any) -> Any:
    return Reader(kind).read(Raw(json.dumps(body).encode()))


def parse_resource(body: Any) -> Resource:
    return parsing.parse_resource(read(ResourceBody, body))


def parse_job(body: Any) -> ObservedJob:
    return parsing.parse_job(read(JobBody, body))


def parse_pod(body: Any) -> ObservedPod:
    return parsing.parse_pod(read(PodBody, body))


def moment(second: int) -> datetime:
    return datetime(2026, 11, 1, 12, 0, second, tzinfo=UTC)


def said(second: int) -> str:
    return f"2026-11-01T12:00:{second:02}Z"


META: dict[str, Any] = {
    "uid": "u",
    "name": "n",
    "namespace": "vision",
    "generation": 3,
    "resourceVersion": "12",
    "creationTimestamp": said(1),
    "deletionTimestamp": said(2),
}


def facts(record: object) -> dict[str, Any]:
    """Return every field, those that two equal records may differ in as well."""
    return {name: getattr(record, name) for name in record.__slots__}  # type: ignore[attr-defined]


def test_facts_of_a_resource() -> None:
    managed = [
        {"subresource": "status", "time": said(4)},
        {"subresource": "status", "time": said(5)},
        {"subresource": "status"},
        {"time": said(9)},
    ]
    labels = {"kueue.x-k8s.io/queue-name": "team", "other": "x"}
    body = {
        "metadata": {**META, "labels": labels, "managedFields": managed},
        "spec": {"suspend": True, "preemptionLimit": 3, "name": "é", "ttlSecondsAfterFinished": 60},
        "status": {"phase": "Running", "observedGeneration": 3},
    }
    assert facts(parse_resource(body)) == facts(
        Resource(
            owner=Owner("vision", "n", "u", {"kueue.x-k8s.io/queue-name": "team"}),
            generation=3,
            resource_version="12",
            created=moment(1),
            deleting=True,
            finished=False,
            settled=False,
            ttl=60,
            suspend=True,
            preemption_limit=3,
            spec='{"suspend":true,"preemptionLimit":3,"name":"é","ttlSecondsAfterFinished":60}'.encode(),
            oversized="",
            status=b'{"phase":"Running","observedGeneration":3}',
            phase="Running",
            written=moment(5),
        )
    )


def test_facts_of_a_resource_that_says_nothing() -> None:
    bare = parse_resource(BARE)
    assert facts(bare) == facts(
        Resource(
            owner=Owner("", "n", "u", {}),
            generation=0,
            resource_version="",
            created=EPOCH,
            deleting=False,
            finished=False,
            settled=False,
            ttl=None,
            suspend=False,
            preemption_limit=20,
            spec=b"{}",
            oversized="",
            status=b"{}",
        )
    )
    assert parse_resource({**BARE, "spec": {"ttlSecondsAfterFinished": "soon"}}).ttl is None


def test_of_a_settled_resource_little_is_kept() -> None:
    finished = {"type": "Finished", "status": "True"}
    status = {
        "conditions": [{"type": "Ready", "status": "True"}, finished, {"status": "True"}],
        "phase": "Succeeded",
        "metrics": {"speedup": "1.2"},
        "jobName": "n-1",
        "observedGeneration": 3,
    }
    meta = {
        **META,
        "labels": {"kueue.x-k8s.io/queue-name": "team"},
        "managedFields": [{"subresource": "status"}],
    }
    settled = parse_resource({"metadata": meta, "spec": {"seed": 1}, "status": status})
    assert (settled.finished, settled.settled) == (True, True)
    assert (settled.spec, dict(settled.owner.labels), settled.written) == (b"", {}, None)
    assert settled.status == (
        b'{"phase":"Succeeded","metrics":{"speedup":"1.2"},"conditions":[{"type":"Finished","status":"True"}]}'
    )
    edited = parse_resource({"metadata": {**meta, "generation": 4}, "spec": {"seed": 1}, "status": status})
    assert (edited.finished, edited.settled, edited.spec) == (True, False, b'{"seed":1}')
    assert b"jobName" in edited.status


def test_facts_of_a_job() -> None:
    labels = {"segcompress.dev/start": "2", "kueue.x-k8s.io/queue-name": "team"}
    failed = {
        "type": "Failed",
        "status": "True",
        "reason": "PodFailurePolicy",
        "message": "x" * 5000,
        "lastTransitionTime": said(8),
    }
    body = {
        "metadata": {**META, **OWNED, "labels": labels},
        "spec": {
            "suspend": True,
            "backoffLimit": 4,
            "activeDeadlineSeconds": 100,
            "ttlSecondsAfterFinished": 9,
            "managedBy": "kueue.x-k8s.io/multikueue",
        },
        "status": {"active": 1, "failed": 3, "startTime": said(6), "conditions": [failed]},
    }
    assert facts(parse_job(body)) == facts(
        ObservedJob(
            uid="u",
            namespace="vision",
            name="n",
            owner_uid="owner",
            start=2,
            resource_version="12",
            created=moment(1),
            deleting=True,
            suspended=True,
            ending=False,
            complete=False,
            failure="PodFailurePolicy",
            failure_message="x" * 4096,
            active_pods=1,
            failed_before=0,
            failed_pods=3,
            backoff_limit=4,
            deadline_seconds=100,
            ttl=9,
            started=moment(6),
            ended=moment(8),
            queue="team",
            manager="kueue.x-k8s.io/multikueue",
        )
    )


def test_facts_of_a_job_that_says_nothing() -> None:
    assert facts(parse_job(BARE)) == facts(
        ObservedJob(
            uid="u",
            namespace="",
            name="n",
            owner_uid="",
            start=1,
            resource_version="",
            created=EPOCH,
            deleting=False,
            suspended=False,
            ending=False,
            complete=False,
            failure=None,
            failure_message="",
            active_pods=0,
            failed_before=0,
            failed_pods=0,
            backoff_limit=6,
            deadline_seconds=0,
            ttl=None,
            started=None,
            ended=None,
            queue="",
            manager="",
        )
    )


@pytest.mark.parametrize("type_", ["FailureTarget", "SuccessCriteriaMet"])
def test_a_job_is_ending_from_the_moment_that_its_controller_decided(type_: str) -> None:
    def ending(status: str) -> bool:
        return parse_job({**BARE, "status": {"conditions": [{"type": type_, "status": status}]}}).ending

    assert ending("True")
    assert not ending("False")


def test_end_of_a_job_is_its_completion_or_the_moment_that_it_failed() -> None:
    complete = {"type": "Complete", "status": "True", "lastTransitionTime": said(8)}
    completed = parse_job({**BARE, "status": {"completionTime": said(7), "conditions": [complete]}})
    assert (completed.complete, completed.ended, completed.failure) == (True, moment(7), None)
    assert parse_job({**BARE, "status": {"conditions": [complete]}}).ended == moment(8)
    silent = parse_job({**BARE, "status": {"conditions": [{"type": "Failed", "status": "True"}]}})
    assert (silent.failure, silent.failure_message, silent.ended) == ("", "", None)


def test_facts_of_a_pod_that_ended() -> None:
    ended = {
        "exitCode": 137,
        "reason": "OOMKilled",
        "message": "a" + "b" * 4096,
        "startedAt": said(3),
        "finishedAt": said(4),
    }
    body = {
        "metadata": {**META, **OWNED},
        "spec": {"nodeName": "node-a"},
        "status": {
            "phase": "Failed",
            "reason": "Evicted",
            "message": "the node was low on memory",
            "conditions": [{"type": "DisruptionTarget", "status": "True"}],
            "containerStatuses": [
                {"name": "sidecar", "state": {"running": {}}},
                {"name": "runner", "state": {"terminated": ended}},
            ],
        },
    }
    assert facts(parse_pod(body)) == facts(
        ObservedPod(
            uid="u",
            namespace="vision",
            name="n",
            owner_uid="owner",
            resource_version="12",
            created=moment(1),
            terminal=True,
            deleting=True,
            released=True,
            ends_by=moment(2),
            node="node-a",
            running=False,
            disrupted=True,
            exit_code=137,
            out_of_memory=True,
            message="b" * 4096,
            verdict="Evicted: the node was low on memory",
            waiting_reason="",
            waiting_message="",
            unscheduled="",
            started=moment(3),
            finished=moment(4),
        )
    )


def test_facts_of_a_pod_that_says_nothing() -> None:
    assert facts(parse_pod(BARE)) == facts(
        ObservedPod(
            uid="u",
            namespace="",
            name="n",
            owner_uid="",
            resource_version="",
            created=EPOCH,
            terminal=False,
            deleting=False,
            released=False,
            ends_by=None,
            node="",
            running=False,
            disrupted=False,
            exit_code=None,
            out_of_memory=False,
            message="",
            verdict="",
            waiting_reason="",
            waiting_message="",
            unscheduled="",
            started=None,
            finished=None,
        )
    )


def test_facts_of_a_pod_that_waits_and_of_one_that_runs() -> None:
    def with_state(state: dict[str, Any]) -> ObservedPod:
        return parse_pod({**BARE, "status": {"containerStatuses": [{"name": "runner", "state": state}]}})

    waiting = with_state({"waiting": {"reason": "ErrImagePull", "message": "x" * 5000}})
    assert (waiting.waiting_reason, waiting.waiting_message) == ("ErrImagePull", "x" * 4096)
    assert (with_state({"waiting": {}}).waiting_reason, with_state({"waiting": {}}).waiting_message) == (
        "",
        "",
    )
    running = with_state({"running": {"startedAt": said(3)}})
    assert (running.running, running.started, running.exit_code) == (True, moment(3), None)
    assert with_state({"running": {}}).running
    assert with_state({"terminated": {"exitCode": "0"}}).exit_code is None


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}, "0/3 nodes"),
        ({"status": "False", "reason": "SchedulingGated"}, "SchedulingGated"),
        ({"status": "False"}, ""),
        ({"status": "True", "message": "is on a node"}, ""),
    ],
)
def test_why_a_pod_has_no_node(condition: dict[str, Any], words: str) -> None:
    status = {"conditions": [{"type": "PodScheduled", **condition}]}
    assert parse_pod({**BARE, "status": status}).unscheduled == words


def test_only_a_controller_is_an_owner() -> None:
    assert controller_uid({"metadata": {"ownerReferences": [{"uid": "x"}]}}) == ""
    assert controller_uid({"metadata": {"ownerReferences": [{"controller": True}]}}) == ""
    assert controller_uid({"metadata": OWNED}) == "owner"


def test_a_time_without_a_zone_is_utc_and_what_is_no_time_is_none() -> None:
    assert parse_time("2026-11-01T12:00:03") == moment(3)
    assert parse_time("2026-11-01T14:00:03+02:00") == moment(3)
    assert parse_time("soon") is None
    assert parse_time(None) is None

"""What is kept of a resource: every fact of one that says all, and the defaults of one that says nothing."""

from segcompress_operator.planning.observed import Resource
from segcompress_operator.resources.names import Owner
from unit.operator.kept import BARE, EPOCH, META, facts, moment, parse_resource, said


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

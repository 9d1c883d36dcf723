"""The end of two runs is the same where only names and times differ."""

from typing import Any

from faults.end_state import difference, end_state
from faults.history import JOBS, PODS, RESOURCES
from segcompress_operator.resources.names import runner_job_name

Body = dict[str, Any]


def objects(uid: str, time: str, phase: str = "Succeeded") -> dict[str, list[Body]]:
    job = runner_job_name("demo", uid, 1)
    conditions = [
        {"type": "Ready", "lastTransitionTime": time},
        {"type": "Complete", "message": f"pod {job}-1"},
    ]
    status = {"phase": phase, "jobName": job, "conditions": conditions}
    owner = {"uid": uid, "controller": True}
    meta = {"name": "demo", "uid": uid, "generation": 1}
    return {
        RESOURCES: [{"metadata": meta, "status": status}],
        JOBS: [{"metadata": {"name": job, "ownerReferences": [owner]}, "spec": {}, "status": {}}],
        PODS: [{"metadata": {"name": f"{job}-1"}, "status": {"phase": "Succeeded"}}],
    }


def test_names_and_times_of_a_run_do_not_count() -> None:
    one = end_state(objects("uid-one", "2026-01-01T00:00:00Z"), ["uid-one"])
    other = end_state(objects("uid-other", "2027-01-01T00:00:00.5Z"), ["uid-other"])
    assert one == other


def test_all_else_counts_and_is_named() -> None:
    one = end_state(objects("uid-one", "2026-01-01T00:00:00Z"), ["uid-one"])
    other = end_state(objects("uid-one", "2026-01-01T00:00:00Z", phase="Failed"), ["uid-one"])
    assert '+"phase": "Failed"' in difference(one, other)
    assert '-"phase": "Succeeded"' in difference(one, other)

"""Jobs that a queue hands to another cluster."""

from typing import Any

from segcompress_operator.planning.plan import Deletion, Observed, Plan
from unit.operator.planned import failure, plan, status_of
from unit.operator.samples import JOB, make_job, running_pod
from unit.operator.stopping import leaving, written

HANDED_OVER: dict[str, Any] = {
    "spec": {"managedBy": "kueue.x-k8s.io/multikueue", "suspend": True},
    "labels": {"kueue.x-k8s.io/queue-name": "anywhere"},
}


def test_job_that_another_cluster_is_to_run_is_refused_and_deleted() -> None:
    made = plan(Observed(jobs=(make_job(**HANDED_OVER),)))
    reason, message = failure(made)
    assert reason == "InvalidSpec"
    assert message == (
        "metadata.labels[kueue.x-k8s.io/queue-name]: queue anywhere hands Jobs to kueue.x-k8s.io/multikueue, "
        "which runs them in another cluster; name a queue that runs Jobs in this one"
    )
    assert made.delete == Deletion(JOB, "job-1")
    later = Observed(jobs=(make_job(**HANDED_OVER),))
    assert plan(later, status=written(made)) == Plan(delete=Deletion(JOB, "job-1"))
    assert plan(Observed(jobs=(leaving(),)), status=written(made)) == Plan()


def test_job_of_this_clusters_controller_is_followed() -> None:
    job = make_job(spec={"managedBy": "kubernetes.io/job-controller"})
    assert status_of(plan(Observed(jobs=(job,), pods=(running_pod(),)))).phase == "Running"

"""The status of a run that has ended: every condition, and the counts."""

from integration.operator.api import Body
from integration.operator.objects import ARTIFACTS, METRICS
from integration.operator.stage import Stage

PUBLISHED: Body = {"metrics": METRICS, "artifacts": ARTIFACTS}


def failed(stage: Stage, reason: str) -> str:
    """Wait for the failure; return its message, with every condition of a failure checked."""
    message: str = stage.reaches("Failed", reason)["message"]
    for type_ in ("Failed", "Stalled", "Finished"):
        assert stage.condition(type_)["status"] == "True"
    for type_ in ("Complete", "Reconciling", "Ready", "Suspended"):
        assert stage.condition(type_)["status"] == "False"
    assert stage.status()["phase"] == "Failed"
    return message


def attempts(stage: Stage) -> tuple[int, int]:
    counted = stage.status()["attempts"]
    return counted["failed"], counted["preempted"]


def succeeded(stage: Stage, reason: str) -> None:
    stage.reaches("Complete", reason)
    for type_ in ("Complete", "Ready", "Finished", "Accepted"):
        assert stage.condition(type_)["status"] == "True"
    for type_ in ("Failed", "Reconciling", "Stalled", "Suspended"):
        assert stage.condition(type_)["status"] == "False"
    assert stage.status()["phase"] == "Succeeded"

"""What anybody with rights on the kind alone may do to an operator: one resource stops no other."""

from collections.abc import Callable
from typing import Any

from integration.operator.api import Api, eventually
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec

RESOURCES = "/apis/segcompress.dev/v1alpha1/namespaces/{}/segcompressionjobs/{}"
JOBS = "/apis/batch/v1/namespaces/{}/jobs/{}"


def test_huge_deeply_nested_spec_is_refused_and_the_next_is_served(
    api: Api, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    start_operator(namespace)
    nested: Any = "x" * 900_000
    for _ in range(300):
        nested = {"a": nested}
    huge = Stage(api, namespace, "huge")
    huge.apply(spec(strategy={**spec()["strategy"], "Global": nested}))
    assert "spec.strategy.Global" in huge.reaches("Failed", "InvalidSpec")["message"]
    following = Stage(api, namespace, "following")
    following.apply(spec())
    following.waits("Pending")


def test_run_that_is_left_to_itself_stops_no_other(
    api: Api, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    operator = start_operator(namespace)
    orphan = Stage(api, namespace, "orphan")
    orphan.apply(spec())
    orphan.runs()
    name = orphan.job()["metadata"]["name"]
    api.request("DELETE", RESOURCES.format(namespace, "orphan"), {"propagationPolicy": "Orphan"})
    eventually(
        lambda: not api.get("jobs", namespace, name)["metadata"].get("ownerReferences"), "a Job without owner"
    )
    api.request("DELETE", JOBS.format(namespace, name), {"propagationPolicy": "Background"})
    following = Stage(api, namespace, "following")
    following.apply(spec())
    following.waits("Pending")
    assert "a bug" not in operator.log.read_text()
    assert operator.stop() == 0

"""A run that waits says for what, and continues once that is there."""

import pytest

from e2e.conftest import Ends
from e2e.stage import LIGHT, RESOLVED, Scenario, Stage, scenario_id


def missing_secret(stage: Stage) -> None:
    run = stage.run("no-secret", storage__secretRef__name="late", **RESOLVED)
    run.waits("SecretNotFound", 'secret "late" not found')
    assert run.status()["phase"] == "Pending"
    stage.kube.put_secret(stage.namespace, "late")
    run.fails("InputNotFound")
    assert len(run.pods()) == 1


def missing_key(stage: Stage) -> None:
    stage.kube.put_secret(stage.namespace, "keyless", secretKey=None)
    run = stage.run("no-key", storage__secretRef__name="keyless", **RESOLVED)
    assert "keyless" in run.waits("SecretNotFound", "secretKey")
    stage.kube.put_secret(stage.namespace, "keyless")
    run.fails("InputNotFound")
    assert len(run.pods()) == 1


def image_never_pulled(stage: Stage) -> None:
    image = "127.0.0.1:9/segcompress/runner:absent"
    run = stage.run("no-image", runtime__image=image, activeDeadlineSeconds=150, **LIGHT)
    assert image in run.waits("ImagePullFailed")
    message = run.fails("DeadlineExceeded")
    assert "spec.activeDeadlineSeconds (150 s)" in message
    assert "ImagePullFailed" in message
    assert image in message


def no_node_fits(stage: Stage) -> None:
    label = f"segcompress.dev/{stage.token}"
    run = stage.run("no-node", runtime__nodeSelector={label: "here"}, **RESOLVED)
    assert "node" in run.waits("Unschedulable")
    (node, *_) = stage.kube("get", "nodes", "-o", "name").split()
    stage.kube("label", node, f"{label}=here")
    try:
        run.fails("InputNotFound")
    finally:
        stage.kube("label", node, f"{label}-")


def quota_is_used_up(stage: Stage) -> None:
    own = stage.elsewhere("quota")
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "no-pods"}}
    own.kube.apply(own.namespace, {**quota, "spec": {"hard": {"pods": "0"}}})
    run = own.run("no-quota", **RESOLVED)
    run.waits("QuotaExceeded", "exceeded quota: no-pods")
    own.kube.delete("resourcequota", own.namespace, "no-pods")
    run.fails("InputNotFound")


SCENARIOS: tuple[Scenario, ...] = (
    missing_secret,
    missing_key,
    image_never_pulled,
    no_node_fits,
    quota_is_used_up,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=scenario_id)
def test_waiting(ends: Ends, scenario: Scenario) -> None:
    ends[scenario_id(scenario)].result()

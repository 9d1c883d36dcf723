"""The table of endings: what waits, says for what, and goes on once that is mended."""

import pytest

from e2e.conftest import Told
from e2e.stage import LIGHT, MENDED, Stage, Story, story_id


def missing_secret(stage: Stage) -> None:
    run = stage.run("no-secret", storage__secretRef__name="late", **MENDED)
    run.waits("SecretNotFound", 'secret "late" not found')
    assert run.status()["phase"] == "Pending"
    stage.kube.put_secret(stage.namespace, "late")
    run.fails("InputNotFound")
    assert len(run.pods()) == 1


def missing_key(stage: Stage) -> None:
    stage.kube.put_secret(stage.namespace, "keyless", secretKey=None)
    run = stage.run("no-key", storage__secretRef__name="keyless", **MENDED)
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
    run = stage.run("no-node", runtime__nodeSelector={label: "here"}, **MENDED)
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
    run = own.run("no-quota", **MENDED)
    run.waits("QuotaExceeded", "exceeded quota: no-pods")
    own.kube.delete("resourcequota", own.namespace, "no-pods")
    run.fails("InputNotFound")


STORIES: tuple[Story, ...] = (
    missing_secret,
    missing_key,
    image_never_pulled,
    no_node_fits,
    quota_is_used_up,
)


@pytest.mark.parametrize("story", STORIES, ids=story_id)
def test_waiting(told: Told, story: Story) -> None:
    told[story_id(story)].result()

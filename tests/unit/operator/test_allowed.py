"""What a resource may ask of the cluster, and that nothing else reaches a pod."""

from dataclasses import replace
from typing import Any

import pytest

from segcompress_operator.planning.allowed import admits
from segcompress_operator.planning.plan import Observed
from segcompress_operator.settings import Allowed, RunnerSettings
from unit.operator.planned import failure, plan
from unit.operator.samples import SETTINGS, spec_with

WIDE = replace(
    SETTINGS,
    allowed=Allowed(
        image_prefixes=("ghcr.io/acme",),
        toleration_keys=("nvidia.com/gpu",),
        priority_classes=("batch-low",),
        runtime_classes=("nvidia",),
        workload_priority_classes=("sample",),
        maximum={"cpu": "8", "memory": "16Gi", "nvidia.com/gpu": "1", "nvidia.com/mig-1g.10gb": "2"},
    ),
    node_selector={"pool": "gpu"},
)


def refusal(settings: RunnerSettings, runtime: dict[str, Any], **resource: Any) -> str:
    made = plan(Observed(), settings, spec=spec_with(runtime={"device": "CPU", **runtime}), **resource)
    assert made.create is None
    reason, message = failure(made)
    assert reason == "InvalidSpec"
    return message


def pod_of(settings: RunnerSettings, runtime: dict[str, Any], **resource: Any) -> dict[str, Any]:
    made = plan(Observed(), settings, spec=spec_with(runtime={"device": "CPU", **runtime}), **resource)
    assert made.create is not None, failure(made)
    found: dict[str, Any] = made.create["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize(
    ("runtime", "field", "words"),
    [
        pytest.param(
            {"priorityClassName": "system-node-critical"},
            "spec.runtime.priorityClassName",
            "system-node-critical is not allowed; allowed: batch-low "
            "(the chart's runner.allowed.priorityClassNames)",
            id="priority class",
        ),
        pytest.param(
            {"runtimeClassName": "kata"},
            "spec.runtime.runtimeClassName",
            "kata is not allowed; allowed: nvidia (the chart's runner.allowed.runtimeClassNames)",
            id="runtime class",
        ),
        pytest.param(
            {"tolerations": [{"operator": "Exists"}]},
            "spec.runtime.tolerations[0].key",
            "is required: without it every taint is tolerated; allowed: nvidia.com/gpu "
            "(the chart's runner.allowed.tolerationKeys)",
            id="toleration of every taint",
        ),
        pytest.param(
            {"tolerations": [{"key": "", "operator": "Exists"}]},
            "spec.runtime.tolerations[0].key",
            "is required: without it every taint is tolerated; allowed: nvidia.com/gpu "
            "(the chart's runner.allowed.tolerationKeys)",
            id="toleration with an empty key",
        ),
        pytest.param(
            {
                "tolerations": [
                    {"key": "nvidia.com/gpu"},
                    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"},
                ]
            },
            "spec.runtime.tolerations[1].key",
            "node-role.kubernetes.io/control-plane is not allowed; allowed: nvidia.com/gpu "
            "(the chart's runner.allowed.tolerationKeys)",
            id="toleration of another taint",
        ),
        pytest.param(
            {"image": "docker.io/evil/runner:1"},
            "spec.runtime.image",
            "docker.io/evil/runner:1 is not allowed; allowed: ghcr.io/acme "
            "(the chart's runner.allowed.imagePrefixes)",
            id="image",
        ),
        pytest.param(
            {"resources": {"limits": {"nvidia.com/mig-3g.40gb": "1"}}},
            "spec.runtime.resources.limits[nvidia.com/mig-3g.40gb]",
            "is not allowed; allowed: cpu, memory, nvidia.com/mig-1g.10gb (the chart's runner.maximum)",
            id="device that is not listed",
        ),
        pytest.param(
            {"resources": {"requests": {"hugepages-1Gi": "4Gi"}}},
            "spec.runtime.resources.requests[hugepages-1Gi]",
            "is not allowed; allowed: cpu, memory, nvidia.com/mig-1g.10gb (the chart's runner.maximum)",
            id="huge pages",
        ),
        pytest.param(
            {"resources": {"limits": {"nvidia.com/mig-1g.10gb": "3"}}},
            "spec.runtime.resources.limits[nvidia.com/mig-1g.10gb]",
            "must be at most 2, got 3; the chart's runner.maximum limits nvidia.com/mig-1g.10gb",
            id="more of a device than is allowed",
        ),
        pytest.param(
            {"resources": {"limits": {"cpu": "8001m"}}},
            "spec.runtime.resources.limits[cpu]",
            "must be at most 8, got 8001m; the chart's runner.maximum limits cpu",
            id="more cores",
        ),
        pytest.param(
            {"resources": {"requests": {"memory": "17G"}, "limits": {"memory": "17.2G"}}},
            "spec.runtime.resources.limits[memory]",
            "must be at most 16Gi, got 17.2G; the chart's runner.maximum limits memory",
            id="more memory, in another unit",
        ),
        pytest.param(
            {"resources": {"requests": {"ephemeral-storage": "1Ti"}}},
            "spec.runtime.resources.requests[ephemeral-storage]",
            "is set by the chart's runner.scratch; leave it out",
            id="scratch space",
        ),
        pytest.param(
            {"nodeSelector": {"pool": "control-plane"}},
            "spec.runtime.nodeSelector[pool]",
            "must be gpu, got control-plane; the chart's runner.nodeSelector says so",
            id="another pool of nodes",
        ),
    ],
)
def test_what_is_not_allowed_names_the_field_and_the_charts_value(
    runtime: dict[str, Any], field: str, words: str
) -> None:
    assert refusal(WIDE, runtime) == f"{field}: {words}"


def test_gpus_have_fields_of_their_own() -> None:
    assert refusal(WIDE, {"resources": {"limits": {"nvidia.com/gpu": "1"}}}) == (
        "spec.runtime.resources.limits[nvidia.com/gpu]: is set by spec.runtime.device and gpus; leave it out"
    )


def test_where_nothing_is_allowed_the_message_says_none() -> None:
    assert refusal(SETTINGS, {"priorityClassName": "low"}) == (
        "spec.runtime.priorityClassName: low is not allowed; allowed: none "
        "(the chart's runner.allowed.priorityClassNames)"
    )


@pytest.mark.parametrize(("name", "zero"), [("memory", "0"), ("memory", "0.0Gi"), ("cpu", "0m")])
def test_limit_of_zero_is_refused_since_the_kubelet_reads_it_as_none(name: str, zero: str) -> None:
    message = refusal(WIDE, {"resources": {"limits": {name: zero}}})
    assert message == (
        f"spec.runtime.resources.limits[{name}]: must be more than 0, got {zero}; 0 would be no limit"
    )


def test_pod_that_the_api_server_would_refuse_is_not_made() -> None:
    message = refusal(WIDE, {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}})
    assert message == (
        "spec.runtime.resources.requests[cpu]: must be at most the limit of 1, got 2; "
        "lower the request, or raise the limit"
    )


def test_kueues_priority_is_a_priority_too() -> None:
    labels = {"kueue.x-k8s.io/priority-class": "production"}
    assert refusal(WIDE, {}, labels=labels) == (
        "metadata.labels[kueue.x-k8s.io/priority-class]: production is not allowed; allowed: sample "
        "(the chart's runner.allowed.workloadPriorityClassNames)"
    )


def test_gpus_may_be_ruled_out() -> None:
    settings = replace(SETTINGS, allowed=Allowed(maximum={"cpu": "8", "memory": "16Gi"}))
    message = refusal(settings, {"device": "GPU"})
    assert (
        message
        == "spec.runtime.gpus: must be at most 0, got 1; the chart's runner.maximum limits nvidia.com/gpu"
    )


def test_nothing_but_cores_memory_and_one_gpu_is_allowed_unless_listed() -> None:
    for runtime in (
        {"priorityClassName": "low"},
        {"runtimeClassName": "nvidia"},
        {"tolerations": [{"key": "nvidia.com/gpu"}]},
        {"image": SETTINGS.image},
        {"resources": {"limits": {"example.com/device": "1"}}},
    ):
        assert "allowed: " in refusal(SETTINGS, runtime) or "not allowed" in refusal(SETTINGS, runtime)
    resources = {"requests": {"cpu": "16"}, "limits": {"memory": "64Gi"}}
    pod_of(SETTINGS, {"device": "GPU", "resources": resources})


def test_what_is_allowed_reaches_the_pod() -> None:
    runtime = {
        "image": "ghcr.io/acme/runner:2",
        "priorityClassName": "batch-low",
        "runtimeClassName": "nvidia",
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "nodeSelector": {"pool": "gpu", "zone": "a"},
        "resources": {"limits": {"cpu": "8", "memory": "16Gi", "nvidia.com/mig-1g.10gb": "2"}},
    }
    made = pod_of(WIDE, runtime, labels={"kueue.x-k8s.io/priority-class": "sample"})
    assert (made["priorityClassName"], made["runtimeClassName"]) == ("batch-low", "nvidia")
    assert made["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert made["nodeSelector"] == {"pool": "gpu", "zone": "a"}
    (container,) = made["containers"]
    assert container["image"] == "ghcr.io/acme/runner:2"
    assert container["resources"]["limits"] == runtime["resources"]["limits"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("prefix", "image", "admitted"),
    [
        ("ghcr.io/acme", "ghcr.io/acme/runner:1", True),
        ("ghcr.io/acme", "ghcr.io/acme:1", True),
        ("ghcr.io/acme", "ghcr.io/acme@sha256:ab", True),
        ("ghcr.io/acme", "ghcr.io/acme", True),
        ("ghcr.io/acme", "ghcr.io/acme-evil/runner:1", False),
        ("ghcr.io/acme", "ghcr.io/acmeevil", False),
        ("ghcr.io/acme", "ghcr.io/acme.evil/runner", False),
        ("ghcr.io/acme/", "ghcr.io/acme/runner:1", True),
        ("ghcr.io/acme/", "ghcr.io/acme:1", False),
        ("ghcr.io/acme/", "ghcr.io/acme/../evil/runner:1", False),
        ("ghcr.io", "ghcr.io:5000/runner", False),
        ("registry:5000", "registry:5000/runner:1", True),
        ("registry:5000", "registry:50001/runner", False),
        ("registry:5000/acme", "registry:5000/acme:1", True),
        ("registry:5000/acme", "registry:5000/acmeX/runner", False),
        ("ghcr.io/acme/runner:1", "ghcr.io/acme/runner:1", True),
        ("ghcr.io/acme/runner:1", "ghcr.io/acme/runner:1@sha256:ab", True),
        ("ghcr.io/acme/runner:1", "ghcr.io/acme/runner:12", False),
        ("ghcr.io/acme/runner:1", "ghcr.io/acme/runner:1:2", False),
    ],
)
def test_image_prefix_ends_where_a_part_of_the_name_does(prefix: str, image: str, *, admitted: bool) -> None:
    assert admits(prefix, image) is admitted

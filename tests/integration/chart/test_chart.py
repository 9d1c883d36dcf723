"""What the chart installs for some values, and which values it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from integration.chart.helm import (
    NAMESPACE,
    REGISTRY,
    SERVICE_ADDRESS,
    HelmError,
    Manifest,
    of_kind,
    operator_environment,
    rendered,
)
from segcompress_operator.settings import (
    Allowed,
    LeaseSettings,
    ProgressSettings,
    RunnerSettings,
    Settings,
    settings_from,
)

DIGEST = "sha256:" + "ab" * 32
HOST = f"segcompress-operator.{NAMESPACE}.svc"
PROGRESS = ProgressSettings(
    f"https://{HOST}:8443",
    Path("/etc/segcompress-tls"),
    SERVICE_ADDRESS,
    (NAMESPACE, "segcompress-operator"),
    8443,
)


def operator_pod(**values: Any) -> Manifest:
    (deployment,) = of_kind(rendered(**values), "Deployment")
    found: Manifest = deployment["spec"]["template"]["spec"]
    return found


def settings(**values: Any) -> Settings:
    """Return the operator's settings as its process reads them."""
    return settings_from(operator_environment(rendered(**values)))


def test_defaults_allow_what_a_gpu_job_needs() -> None:
    assert settings() == Settings(
        RunnerSettings(f"{REGISTRY}/runner:0.1.0", allowed=Allowed(toleration_keys=("nvidia.com/gpu",))),
        lease=LeaseSettings(NAMESPACE, "segcompress-operator"),
        log_format="plain",
        progress=PROGRESS,
    )


RUNNER: dict[str, Any] = {
    "image": {"repository": "ghcr.io/acme/runner", "digest": DIGEST, "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "a"}, {"name": "b"}],
    "allowed": {
        "imagePrefixes": ["ghcr.io/acme"],
        "tolerationKeys": [],
        "priorityClassNames": ["low"],
        "runtimeClassNames": ["nvidia"],
        "workloadPriorityClassNames": ["sample"],
    },
    "maximum": {"cpu": 4, "nvidia.com/gpu": None},
    "defaultRequests": {"cpu": "2", "memory": "4Gi"},
    "scratch": {"work": "4Gi", "tmp": "1Gi"},
    "podLabels": {"team": "vision"},
    "podAnnotations": {"note": 'say "x", y'},
    "nodeSelector": {"pool": "gpu"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "podSecurityContext": {"runAsUser": None, "runAsGroup": None, "fsGroup": None},
}


def test_values_of_the_runner_reach_the_settings() -> None:
    read = settings(runner=RUNNER).runner
    assert read == RunnerSettings(
        image=f"ghcr.io/acme/runner@{DIGEST}",
        allowed=Allowed(
            image_prefixes=("ghcr.io/acme",),
            priority_classes=("low",),
            runtime_classes=("nvidia",),
            workload_priority_classes=("sample",),
            maximum={"cpu": "4", "memory": "64Gi"},
        ),
        pull_policy="Always",
        pull_secrets=("a", "b"),
        request_cpu="2",
        request_memory="4Gi",
        work_size="4Gi",
        tmp_size="1Gi",
        labels={"team": "vision"},
        annotations={"note": 'say "x", y'},
        node_selector={"pool": "gpu"},
        tolerations=({"key": "dedicated", "operator": "Exists"},),
        pod_security={"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    )


def test_values_of_the_operator_reach_its_settings_and_its_pod() -> None:
    values: dict[str, Any] = {
        "workers": 3,
        "leaseSeconds": 15,
        "logLevel": "DEBUG",
        "logFormat": "json",
        "watchNamespaces": ["a", "b"],
    }
    read = settings(**values)
    assert (read.workers, read.log_level, read.log_format) == (3, "DEBUG", "json")
    assert read.namespaces == ("a", "b")
    assert read.lease == LeaseSettings(NAMESPACE, "segcompress-operator", 15)
    pod = operator_pod(
        image={"repository": "ghcr.io/acme/operator", "digest": DIGEST},
        extraEnv=[{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        podSecurityContext={"runAsUser": None},
        securityContext={"runAsNonRoot": True},
        podLabels={"app.kubernetes.io/created-by": "vision"},
    )
    (container,) = pod["containers"]
    assert container["image"] == f"ghcr.io/acme/operator@{DIGEST}"
    assert {"name": "HTTPS_PROXY", "value": "http://proxy:3128"} in container["env"]
    assert "runAsUser" not in pod["securityContext"]
    assert container["securityContext"]["runAsNonRoot"] is True


def test_pull_secrets_of_the_operator_stay_with_the_operator() -> None:
    manifests = rendered(imagePullSecrets=[{"name": "own"}])
    (deployment,) = of_kind(manifests, "Deployment")
    assert deployment["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "own"}]
    assert settings_from(operator_environment(manifests)).runner.pull_secrets == ()


def test_rights_and_account_may_be_somebody_elses() -> None:
    manifests = rendered(
        rbac__create=False,
        rbac__aggregateClusterRoles=False,
        serviceAccount={"create": False, "name": "theirs"},
        crds__install=False,
        admissionPolicy__enabled=False,
    )
    assert {manifest["kind"] for manifest in manifests} == {
        "Deployment",
        "Service",
        "Secret",
        "Pod",
        "PodDisruptionBudget",
    }
    (deployment,) = of_kind(manifests, "Deployment")
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == "theirs"


def test_watched_namespaces_need_no_right_on_the_whole_cluster() -> None:
    values: dict[str, Any] = {"watchNamespaces": ["a", "b"], "rbac__aggregateClusterRoles": False}
    (asked,) = of_kind(rendered(**values), "ClusterRole")
    assert [rule["resources"] for rule in asked["rules"]] == [["tokenreviews"]]
    manifests = rendered(**values, progress__enabled=False)
    assert of_kind(manifests, "ClusterRole") == of_kind(manifests, "ClusterRoleBinding") == []
    for kind in ("Role", "RoleBinding"):
        assert [each["metadata"]["namespace"] for each in of_kind(manifests, kind)] == [NAMESPACE, "a", "b"]


def test_leader_has_rights_on_its_own_lease_and_service_alone() -> None:
    (role,), (without,) = of_kind(rendered(), "Role"), of_kind(rendered(progress__enabled=False), "Role")
    lease, progress = settings().lease, settings().progress
    assert lease is not None
    assert progress is not None
    assert progress.service is not None
    assert role["metadata"]["namespace"] == lease.namespace
    assert role["rules"] == [
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [lease.name],
            "verbs": ["get", "patch"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["services"],
            "resourceNames": [progress.service[1]],
            "verbs": ["get"],
        },
    ]
    assert without["rules"] == role["rules"][:-1]


def test_two_replicas_are_updated_and_drained_one_by_one() -> None:
    manifests = rendered()
    (deployment,), (budget,) = of_kind(manifests, "Deployment"), of_kind(manifests, "PodDisruptionBudget")
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]
    assert budget["spec"]["maxUnavailable"] == 1
    assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert of_kind(rendered(replicas=1), "PodDisruptionBudget") == []


def test_policy_admits_the_capabilities_that_the_chart_gives_to_runners() -> None:
    for added in ([], ["SYS_NICE"]):
        capabilities = {"drop": ["ALL"], **({"add": added} if added else {})}
        policies = of_kind(
            rendered(runner__securityContext={"capabilities": capabilities}), "ValidatingAdmissionPolicy"
        )
        expressions = [each["expression"] for policy in policies for each in policy["spec"]["validations"]]
        assert sum(f"added in {json.dumps(added)}" in expression for expression in expressions) == 1


@pytest.mark.parametrize("prefixes", [None, [], ["ghcr.io/acme"]])
def test_policy_reads_prefixes_as_a_list(prefixes: list[str] | None) -> None:
    manifests = rendered(runner__allowed__imagePrefixes=prefixes)
    policies = of_kind(manifests, "ValidatingAdmissionPolicy")
    expressions = [each["expression"] for policy in policies for each in policy["spec"]["validations"]]
    assert sum(f"{json.dumps(prefixes or [])}.exists" in expression for expression in expressions) == 1


def test_whole_number_is_a_quantity_however_large() -> None:
    read = settings(runner__scratch__work=21474836480, runner__defaultRequests__memory=2147483648)
    assert (read.runner.work_size, read.runner.request_memory) == ("21474836480", "2147483648")


def test_readiness_is_not_liveness() -> None:
    (deployment,) = of_kind(rendered(), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    asked = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert asked == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def test_service_and_test_hook_lead_to_the_operator() -> None:
    manifests = rendered()
    (service,), (deployment,), (hook,) = (
        of_kind(manifests, kind) for kind in ("Service", "Deployment", "Pod")
    )
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert [port["targetPort"] for port in service["spec"]["ports"]] == [
        port["name"] for port in container["ports"]
    ]
    assert hook["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert service["spec"]["selector"].items() - hook["metadata"]["labels"].items()
    variable = service["metadata"]["name"].upper().replace("-", "_") + "_SERVICE_HOST"
    assert variable in hook["spec"]["containers"][0]["command"][-1]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        pytest.param({"workers": 0}, "/workers", id="no workers"),
        pytest.param({"workers": "many"}, "/workers", id="words for a number"),
        pytest.param({"replicas": 0}, "/replicas", id="no replica"),
        pytest.param({"leaseSeconds": 1}, "/leaseSeconds", id="lease that nobody can hold"),
        pytest.param({"logLevel": "loud"}, "/logLevel", id="log level"),
        pytest.param({"imagePullSecret": []}, "imagePullSecret", id="unknown value"),
        pytest.param({"runner__allowedImagePrefixes": []}, "allowedImagePrefixes", id="unknown value below"),
        pytest.param({"runner__image__digest": "abc"}, "/runner/image/digest", id="digest"),
        pytest.param({"runner__image__repository": "a b"}, "/runner/image/repository", id="repository"),
        pytest.param({"runner__maximum": {"cpu": "lots"}}, "/runner/maximum/cpu", id="quantity"),
        pytest.param({"runner__scratch__work": "20GB"}, "/runner/scratch/work", id="unit"),
        pytest.param({"runner__imagePullSecrets": ["a"]}, "/runner/imagePullSecrets/0", id="reference"),
        pytest.param({"runner__tolerations": [{"keys": "x"}]}, "/runner/tolerations/0", id="toleration"),
        pytest.param({"runner__podSecurityContext__runAsUser": "root"}, "/runAsUser", id="user"),
        pytest.param({"runner__nodeSelector": {"pool": 1}}, "/runner/nodeSelector/pool", id="selector"),
        pytest.param({"runner__podLabels": {"team": "a b"}}, "/runner/podLabels/team", id="label"),
        pytest.param(
            {"runner__podLabels": {"app.kubernetes.io/name": "x"}}, "/runner/podLabels", id="our label"
        ),
        pytest.param(
            {"runner__podAnnotations": {"segcompress.dev/run-config": "x"}},
            "/runner/podAnnotations",
            id="our annotation",
        ),
        pytest.param({"podLabels": {"app.kubernetes.io/name": "x"}}, "/podLabels", id="label that selects"),
        pytest.param({"podLabels": {"helm.sh/chart": "x"}}, "/podLabels", id="label of the chart"),
        pytest.param({"watchNamespaces": ["A"]}, "/watchNamespaces/0", id="namespace"),
        pytest.param({"progress__tls__secretName": "A b"}, "/progress/tls/secretName", id="secret"),
        pytest.param({"progress__enabled": 1}, "/progress/enabled", id="number for a truth"),
        pytest.param({"rbac__create": "no"}, "/rbac/create", id="truth"),
        pytest.param({"extraEnv": [{"value": "x"}]}, "/extraEnv/0", id="variable without a name"),
        pytest.param({"networkPolicy__runnerEgress": [{"port": 1}]}, "/runnerEgress/0", id="egress"),
    ],
)
def test_wrong_value_is_refused_by_its_path(value: dict[str, Any], path: str) -> None:
    with pytest.raises(HelmError, match=path):
        rendered(**value)


@pytest.mark.parametrize(("value", "name"), [("image", "operator"), ("runner__image", "runner")])
def test_image_without_a_repository_says_what_to_name(value: str, name: str) -> None:
    with pytest.raises(HelmError) as refused:
        rendered(**{f"{value}__repository": ""})
    path = value.replace("__", ".")
    example = f"such as registry.example.com/segcompress/{name}"
    assert f"{path}.repository is required: name the repository that `make push` printed, {example}" in str(
        refused.value
    )

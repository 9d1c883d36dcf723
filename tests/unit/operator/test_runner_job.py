"""The Job and the pod that the operator makes."""

from dataclasses import replace
from typing import Any

import pytest

from segcompress_api.contract import RUN_CONFIG_ANNOTATION, RunConfig
from segcompress_api.job import JobSpec
from segcompress_operator.resources.names import Owner
from segcompress_operator.resources.runner_job import make_runner_job
from segcompress_operator.settings import ReportTarget, RunnerSettings
from unit.operator.samples import JOB, OWNER, SETTINGS, spec_with


def make(owner: Owner = OWNER, settings: RunnerSettings = SETTINGS, **changes: Any) -> dict[str, Any]:
    return make_runner_job(owner, JobSpec.model_validate(spec_with(**changes)), 1, settings)


def pod(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = make(**changes)["spec"]["template"]["spec"]
    return found


def container(**changes: Any) -> dict[str, Any]:
    (only,) = pod(**changes)["containers"]
    found: dict[str, Any] = only
    return found


def test_job_belongs_to_its_resource() -> None:
    meta = make()["metadata"]
    assert meta["name"] == JOB
    (reference,) = meta["ownerReferences"]
    assert (reference["uid"], reference["controller"]) == (OWNER.uid, True)
    assert reference["kind"] == "SegCompressionJob"
    assert meta["labels"]["segcompress.dev/job-name"] == "demo"
    assert meta["labels"]["segcompress.dev/start"] == "1"
    assert "annotations" not in meta


def test_pod_carries_the_labels_that_its_watch_selects() -> None:
    labels = make()["spec"]["template"]["metadata"]["labels"]
    assert labels["segcompress.dev/job-name"] == "demo"
    assert {
        f"app.kubernetes.io/{x}" for x in ("name", "instance", "component", "part-of", "managed-by")
    } <= set(labels)


def test_limits_of_a_run_are_the_jobs() -> None:
    spec = make(backoffLimit=7, activeDeadlineSeconds=99)["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (7, 99)
    assert spec["podReplacementPolicy"] == "Failed"
    assert "ttlSecondsAfterFinished" not in spec
    assert "suspend" not in spec


def test_failure_rules_stand_in_their_order() -> None:
    rules = make()["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in rules] == ["Ignore", "Ignore", "FailJob", "Count"]
    assert rules[0]["onExitCodes"]["values"] == [5]
    assert rules[1]["onPodConditions"][0]["type"] == "DisruptionTarget"
    assert rules[2]["onExitCodes"]["values"] == [3, 4]


def test_run_config_is_a_file_and_reads_back_the_same() -> None:
    job = make(seed=7)
    template = job["spec"]["template"]
    text = template["metadata"]["annotations"][RUN_CONFIG_ANNOTATION]
    config = RunConfig.model_validate_json(text)
    assert config.spec == JobSpec.model_validate(spec_with(seed=7))
    assert (config.namespace, config.name, config.uid, config.start) == ("vision", "demo", OWNER.uid, 1)
    volume = next(v for v in template["spec"]["volumes"] if v["name"] == "run-config")
    (item,) = volume["downwardAPI"]["items"]
    assert item["path"] == "run-config.json"
    assert RUN_CONFIG_ANNOTATION in item["fieldRef"]["fieldPath"]


def test_spec_cannot_reach_an_environment_value() -> None:
    literal = {entry["name"]: entry["value"] for entry in container(seed=3)["env"] if "value" in entry}
    assert literal == {"SEGCOMPRESS_WORK_BYTES": str(20 * 2**30)}, "the operator's own setting, no spec's"


def test_credentials_come_by_reference_alone() -> None:
    env = {entry["name"]: entry["valueFrom"] for entry in container()["env"] if "valueFrom" in entry}
    assert env["S3_ENDPOINT"] == {"secretKeyRef": {"name": "object-store", "key": "endpoint"}}
    assert env["AWS_ACCESS_KEY_ID"]["secretKeyRef"]["key"] == "accessKey"
    assert env["AWS_SECRET_ACCESS_KEY"]["secretKeyRef"]["key"] == "secretKey"
    assert env["AWS_REGION"]["secretKeyRef"]["optional"] is True
    assert env["AWS_SESSION_TOKEN"]["secretKeyRef"]["optional"] is True
    assert env["SEGCOMPRESS_POD_UID"] == {"fieldRef": {"fieldPath": "metadata.uid"}}
    assert env["SEGCOMPRESS_THREADS"]["resourceFieldRef"]["resource"] == "limits.cpu"
    assert env["SEGCOMPRESS_MEMORY_BYTES"]["resourceFieldRef"]["resource"] == "requests.memory"


REPORTING = replace(
    SETTINGS, progress=ReportTarget("https://segcompress-operator.system.svc:8443", "10.96.0.7", "PEM")
)


def test_pod_reports_with_a_token_that_is_good_for_nothing_else() -> None:
    template = make(settings=REPORTING)["spec"]["template"]
    found = template["spec"]
    config = RunConfig.model_validate_json(template["metadata"]["annotations"][RUN_CONFIG_ANNOTATION])
    assert config.progress is not None
    assert (config.progress.url, config.progress.ca) == (
        "https://segcompress-operator.system.svc:8443",
        "PEM",
    )
    volume = next(v for v in found["volumes"] if v["name"] == "progress-token")
    (source,) = volume["projected"]["sources"]
    token = source["serviceAccountToken"]
    assert (token["audience"], token["path"]) == ("progress.segcompress.dev", "token")
    assert found["automountServiceAccountToken"] is False
    mount = next(m for m in found["containers"][0]["volumeMounts"] if m["name"] == "progress-token")
    assert (mount["mountPath"], mount["readOnly"]) == ("/var/run/secrets/segcompress.dev", True)
    assert found["hostAliases"] == [{"ip": "10.96.0.7", "hostnames": ["segcompress-operator.system.svc"]}]


def test_pod_that_is_to_look_the_operator_up_gets_no_address() -> None:
    assert REPORTING.progress is not None
    settings = replace(REPORTING, progress=replace(REPORTING.progress, address=""))
    assert "hostAliases" not in make(settings=settings)["spec"]["template"]["spec"]


def test_pod_that_reports_nowhere_gets_no_token() -> None:
    template = make()["spec"]["template"]
    assert "progress" not in template["metadata"]["annotations"][RUN_CONFIG_ANNOTATION]
    assert [v["name"] for v in template["spec"]["volumes"]] == [
        "run-config",
        "object-store-ca",
        "work",
        "tmp",
    ]
    assert "hostAliases" not in template["spec"]


def test_ca_bundle_is_optional() -> None:
    volume = next(v for v in pod()["volumes"] if v["name"] == "object-store-ca")
    assert volume["secret"]["optional"] is True
    assert volume["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    mount = next(m for m in container()["volumeMounts"] if m["name"] == "object-store-ca")
    assert mount == {"name": "object-store-ca", "mountPath": "/etc/segcompress-ca", "readOnly": True}


def test_pod_is_restricted() -> None:
    made, inside = pod(), container()
    assert made["automountServiceAccountToken"] is False
    assert made["securityContext"]["runAsNonRoot"] is True
    assert made["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert made["enableServiceLinks"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"} & set(made)


def test_scratch_space_is_sized() -> None:
    volumes = {v["name"]: v["emptyDir"] for v in pod()["volumes"] if "emptyDir" in v}
    assert volumes["work"] == {"sizeLimit": "20Gi"}
    assert volumes["tmp"] == {"sizeLimit": "2Gi"}
    mounts = {m["mountPath"] for m in container()["volumeMounts"]}
    assert mounts >= {"/work", "/tmp"}  # noqa: S108 - the pod's own emptyDirs


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param(
            {}, {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "64Gi"}}, id="defaults"
        ),
        pytest.param(
            {"limits": {"cpu": "500m"}},
            {"requests": {"memory": "2Gi"}, "limits": {"cpu": "500m", "memory": "64Gi"}},
            id="a limit is its own request",
        ),
        pytest.param(
            {"requests": {"cpu": "4", "memory": "8Gi"}},
            {"requests": {"cpu": "4", "memory": "8Gi"}, "limits": {"memory": "64Gi"}},
            id="given requests stand",
        ),
        pytest.param(
            {"limits": {"memory": "4Gi"}},
            {"requests": {"cpu": "1"}, "limits": {"memory": "4Gi"}},
            id="a given limit stands",
        ),
    ],
)
def test_requests_are_always_set(resources: dict[str, Any], expected: dict[str, Any]) -> None:
    made = container(runtime={"device": "CPU", "resources": resources})["resources"]
    assert made["requests"].pop("ephemeral-storage") == "22Gi"
    assert made == expected


def test_gpu_is_a_limit() -> None:
    assert container(runtime={})["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_slice_of_a_gpu_takes_the_place_of_a_whole_one() -> None:
    limits = {"memory": "8Gi", "nvidia.com/mig-1g.10gb": "1"}
    assert container(runtime={"resources": {"limits": limits}})["resources"]["limits"] == limits


@pytest.mark.parametrize(
    ("work", "tmp", "expected"),
    [("20Gi", "2Gi", "22Gi"), ("1Gi", "512Mi", "1536Mi"), ("1G", "1M", "1001000000"), ("1.5Ki", "0", "1536")],
)
def test_scratch_space_is_requested(work: str, tmp: str, expected: str) -> None:
    settings = replace(SETTINGS, work_size=work, tmp_size=tmp)
    made = make(settings=settings)["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert made["requests"]["ephemeral-storage"] == expected


def test_placement_is_the_users() -> None:
    runtime = {
        "device": "CPU",
        "nodeSelector": {"gpu": "h100"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "priorityClassName": "low",
        "runtimeClassName": "nvidia",
    }
    made = pod(runtime=runtime)
    assert made["nodeSelector"] == {"gpu": "h100"}
    assert made["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert (made["priorityClassName"], made["runtimeClassName"]) == ("low", "nvidia")
    assert not {"nodeSelector", "tolerations", "priorityClassName", "imagePullSecrets"} & set(pod())


def test_defaults_of_the_settings_reach_the_pod_and_ours_stay() -> None:
    settings = replace(
        SETTINGS,
        labels={"team": "vision"},
        annotations={"note": "x"},
        node_selector={"pool": "gpu"},
        tolerations=({"key": "dedicated", "operator": "Exists"},),
        pod_security={"runAsNonRoot": True},
        container_security={"privileged": False},
    )
    template = make(settings=settings, runtime={"device": "CPU", "nodeSelector": {"zone": "a"}})["spec"][
        "template"
    ]
    assert template["metadata"]["labels"].items() >= {("team", "vision"), ("segcompress.dev/start", "1")}
    assert set(template["metadata"]["annotations"]) == {"note", RUN_CONFIG_ANNOTATION}
    made = template["spec"]
    assert made["nodeSelector"] == {"pool": "gpu", "zone": "a"}
    assert made["tolerations"] == [{"key": "dedicated", "operator": "Exists"}]
    assert made["securityContext"] == {"runAsNonRoot": True}
    assert made["containers"][0]["securityContext"] == {"privileged": False}


def test_pull_secrets_and_policy_come_from_the_settings() -> None:
    settings = RunnerSettings(image="i:1", pull_policy="Never", pull_secrets=("a", "b"))
    made = make(settings=settings)["spec"]["template"]["spec"]
    assert made["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
    assert made["containers"][0]["imagePullPolicy"] == "Never"


def test_only_kueues_labels_are_copied() -> None:
    given = {"kueue.x-k8s.io/queue-name": "q", "kueue.x-k8s.io/priority-class": "p", "team": "t"}
    owner = Owner("vision", "demo", OWNER.uid, given)
    labels = make(owner)["metadata"]["labels"]
    assert labels["kueue.x-k8s.io/queue-name"] == "q"
    assert labels["kueue.x-k8s.io/priority-class"] == "p"
    assert "team" not in labels

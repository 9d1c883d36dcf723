"""Credentials of a Secret stand in no other object of the API server, in no log, and were never asked for."""

import json
from collections.abc import Callable, Iterator

import pytest

import canaries
from devcluster.controlplane import ControlPlane
from integration.operator.api import Api, Body
from integration.operator.objects import SUCCEEDED
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.stage import Stage, spec
from segcompress_api.contract import OPTIONAL_SECRET_KEYS, SECRET_KEYS

PLANTED = {
    "endpoint": "https://canary-endpoint-41d8.example:9000",
    "accessKey": "canary-access-7f3a+/=",
    "secretKey": "canary-secret-91c2+/=",
    "region": "canary-region-5e",
    "sessionToken": "canary-token-d00d" * 8,
    "ca.crt": "-----BEGIN CERTIFICATE-----\ncanary-ca-88ab\n-----END CERTIFICATE-----\n",
}
COLLECTIONS = (
    "/apis/segcompress.dev/v1alpha1/segcompressionjobs",
    "/apis/batch/v1/jobs",
    "/apis/coordination.k8s.io/v1/leases",
    "/apis/events.k8s.io/v1/events",
    "/api/v1/configmaps",
    "/api/v1/events",
    "/api/v1/pods",
)


def plant(api: Api, namespace: str) -> None:
    body = {"metadata": {"name": "object-store"}, "stringData": PLANTED}
    api.create("secrets", namespace, body)


@pytest.mark.usefixtures("_deep_json")  # other tests' resources are read too
def test_credentials_stand_in_their_secret_alone(
    api: Api, plane: ControlPlane, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    plant(api, namespace)
    operator = start_operator(namespace, SEGCOMPRESS_LOG_LEVEL="DEBUG")
    for name, play in LIVES.items():
        play(Stage(api, namespace, name))
    operator.stop()
    everything = {
        **{url: json.dumps(api.request("GET", url)).encode() for url in COLLECTIONS},
        "log of the operator": operator.log.read_bytes(),
        "audit log": plane.audit_log.read_bytes(),
    }
    assert all(everything.values())
    secret = json.dumps(api.get("secrets", namespace, "object-store")).encode()
    assert [canaries.found([planted], [("Secret", secret)]) for planted in PLANTED.values()] == [
        ["Secret"]
    ] * len(PLANTED), "the search finds nothing"
    assert canaries.found(PLANTED.values(), everything.items()) == []
    assert '"resource":"secrets"' not in "".join(asked_by_the_operator(plane))


def asked_by_the_operator(plane: ControlPlane) -> Iterator[str]:
    lines = plane.audit_log.read_text().splitlines()
    yield from (line for line in lines if f'"username":"{OPERATOR_USER}"' in line)


def test_pod_has_credentials_by_reference_alone(
    api: Api, namespace: str, start_operator: Callable[..., Operator]
) -> None:
    plant(api, namespace)
    start_operator(namespace)
    stage = Stage(api, namespace)
    stage.apply(spec())
    pod = stage.pod()["spec"]
    (container,) = pod["containers"]
    referred = {each["name"]: each["valueFrom"] for each in container["env"] if "valueFrom" in each}
    for key, variable in {**SECRET_KEYS, **OPTIONAL_SECRET_KEYS}.items():
        reference = referred[variable]["secretKeyRef"]
        assert (reference["name"], reference["key"]) == ("object-store", key)
    assert "envFrom" not in container
    assert [secret_items(volume) for volume in pod["volumes"] if "secret" in volume] == [["ca.crt"]]


def secret_items(volume: Body) -> list[str]:
    return [item["key"] for item in volume["secret"]["items"]]


def succeeds(stage: Stage) -> None:
    stage.apply(spec())
    stage.exits(stage.runs(of(stage)), 0, SUCCEEDED)
    stage.reaches("Complete", "Succeeded")


def waits_for_its_secret(stage: Stage) -> None:
    """Let the kubelet say that a key is missing, and the run be suspended then."""
    stage.apply(spec())
    stage.waits_in(of(stage), "CreateContainerConfigError", "couldn't find key sessionToken in Secret ns/x")
    stage.waits("SecretNotFound")
    stage.edit(suspend=True)
    stage.reaches("Suspended", "Suspended")


def is_refused(stage: Stage) -> None:
    changed = spec()
    changed["strategy"]["TrainConfig"]["learning_rate"] = "fast"
    stage.apply(changed)
    stage.reaches("Failed", "InvalidSpec")


def of(stage: Stage) -> Body:
    """Wait for the pod of this stage's own resource."""
    others = [
        pod["metadata"]["name"]
        for pod in stage.api.list("pods", stage.namespace)
        if pod["metadata"]["labels"]["segcompress.dev/job-name"] != stage.name
    ]
    return stage.pod(*others)


LIVES = {"well": succeeds, "keyless": waits_for_its_secret, "wrong": is_refused}

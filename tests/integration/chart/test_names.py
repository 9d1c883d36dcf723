"""Names of what the chart installs, whatever the release and its namespace are called."""

import re

import pytest

from integration.chart.helm import Manifest, of_kind, rendered

CLUSTER_WIDE = (
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)


def names_outside_namespaces(manifests: list[Manifest]) -> list[tuple[str, str]]:
    return [
        (kind, manifest["metadata"]["name"]) for kind in CLUSTER_WIDE for manifest in of_kind(manifests, kind)
    ]


def test_releases_of_one_name_in_two_namespaces_share_the_crd_alone() -> None:
    one, other = rendered(namespace="one"), rendered(namespace="other")
    outside = {manifest["kind"] for manifest in one if "namespace" not in manifest["metadata"]}
    assert outside == {*CLUSTER_WIDE, "CustomResourceDefinition"}
    names = [*names_outside_namespaces(one), *names_outside_namespaces(other)]
    assert len(set(names)) == len(names) > 0


def test_dashes_in_a_name_may_stand_in_the_namespace_of_another() -> None:
    names = [
        *names_outside_namespaces(rendered(release="x", namespace="a-b")),
        *names_outside_namespaces(rendered(release="b-x", namespace="a")),
    ]
    assert len(set(names)) == len(names)


def test_cluster_wide_bindings_lead_to_what_is_installed() -> None:
    manifests = rendered(namespace="one")
    names = names_outside_namespaces(manifests)
    roles = [("ClusterRole", each["roleRef"]["name"]) for each in of_kind(manifests, "ClusterRoleBinding")]
    bindings = of_kind(manifests, "ValidatingAdmissionPolicyBinding")
    policies = [("ValidatingAdmissionPolicy", each["spec"]["policyName"]) for each in bindings]
    assert {*roles, *policies} <= set(names)
    assert len(policies) == 3


def test_namespace_that_yaml_would_read_as_something_else_stays_a_name() -> None:
    names = ["2026", "on"]
    made = rendered(watchNamespaces=names, networkPolicy={"enabled": True})
    for kind in ("Role", "RoleBinding", "NetworkPolicy"):
        assert [each["metadata"]["namespace"] for each in of_kind(made, kind)][-2:] == names


def test_release_and_namespace_that_yaml_would_read_as_something_else_stay_names() -> None:
    made = rendered(
        release="on",
        namespace="2026",
        serviceAccount__name="1e3",
        priorityClassName="007",
        progress__tls__secretName="12",
        networkPolicy={"enabled": True},
        monitoring={kind: {"enabled": True} for kind in ("podMonitor", "prometheusRule", "dashboard")},
    )
    for manifest in made:
        meta = manifest["metadata"]
        assert meta.get("namespace", "2026") == "2026", manifest
        labels = {**meta, **meta.get("labels", {})}
        assert labels.get("app.kubernetes.io/instance", "on") == "on", manifest
        for subject in manifest.get("subjects", ()):
            assert (subject["name"], subject["namespace"]) == ("1e3", "2026"), manifest
    (account,), (deployment,) = of_kind(made, "ServiceAccount"), of_kind(made, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert account["metadata"]["name"] == pod["serviceAccountName"] == "1e3"
    assert pod["priorityClassName"] == "007"
    assert {"name": "tls", "secret": {"secretName": "12"}} in pod["volumes"]
    assert deployment["spec"]["selector"]["matchLabels"]["app.kubernetes.io/instance"] == "on"


@pytest.mark.parametrize("release", ["segcompress", "my.team", "2nd", "1-segcompress", f"{'a' * 52}b"])
def test_service_has_a_name_that_the_api_server_takes(release: str) -> None:
    manifests = rendered(release=release)
    (service,), (deployment,) = of_kind(manifests, "Service"), of_kind(manifests, "Deployment")
    name = service["metadata"]["name"]
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name)
    assert "segcompress" in name or len(release) > 40
    assert len(name) <= 63
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    expected = f"$({name.upper().replace('-', '_')}_SERVICE_HOST)"
    assert variables["SEGCOMPRESS_PROGRESS_ADDRESS"] == expected

"""What the chart installs for status.progress: a certificate, a right, a port."""

import base64
import subprocess
from pathlib import Path
from typing import Any

from devcluster.controlplane import ControlPlane
from integration.chart.helm import NAMESPACE, of_kind, operator_environment, rendered, rendered_in
from integration.operator.api import Api
from segcompress_operator.certificates import Certificate
from segcompress_operator.settings import settings_from

HOST = f"segcompress-operator.{NAMESPACE}.svc"
TOKEN_REVIEWS = {
    "apiGroups": ["authentication.k8s.io"],
    "resources": ["tokenreviews"],
    "verbs": ["create"],
}


def test_without_progress_nothing_of_it_is_installed() -> None:
    manifests = rendered(progress__enabled=False, networkPolicy={"enabled": True}, watchNamespaces=["a"])
    assert of_kind(manifests, "Secret") == []
    assert settings_from(operator_environment(manifests)).progress is None
    (service,), (deployment,) = of_kind(manifests, "Service"), of_kind(manifests, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert [port["name"] for port in (*service["spec"]["ports"], *container["ports"])] == ["health", "health"]
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp"]
    assert "8443" not in str(of_kind(manifests, "NetworkPolicy"))
    rules = (rule for role in of_kind(manifests, "ClusterRole") for rule in role["rules"])
    assert TOKEN_REVIEWS not in list(rules)


def test_reports_reach_a_leader_that_is_not_ready() -> None:
    (service,) = of_kind(rendered(), "Service")
    assert service["spec"]["publishNotReadyAddresses"] is True


def secret_of(**values: Any) -> dict[str, bytes]:
    """Return the files of the Secret that the operator mounts, as the chart makes it."""
    manifests = rendered(**values)
    (secret,), (deployment,) = of_kind(manifests, "Secret"), of_kind(manifests, "Deployment")
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert {"name": "tls", "secret": {"secretName": secret["metadata"]["name"]}} in volumes
    return {name: base64.b64decode(value) for name, value in secret["data"].items()}


def test_certificate_of_the_chart_is_of_its_own_authority_and_for_the_services_name(tmp_path: Path) -> None:
    for name, content in secret_of().items():
        (tmp_path / name).write_bytes(content)
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", HOST]
    files = ["-CAfile", str(tmp_path / "ca.crt"), str(tmp_path / "tls.crt")]
    subprocess.run([*verify, *files], check=True)
    Certificate(tmp_path)


def test_certificate_stays_the_same_when_the_chart_is_rendered_again(tmp_path: Path) -> None:
    with ControlPlane(tmp_path) as plane:
        api = Api(plane.kubeconfig)
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        first = rendered_in(plane.kubeconfig)
        (secret,) = of_kind(first, "Secret")
        api.create("secrets", NAMESPACE, secret)
        assert of_kind(rendered_in(plane.kubeconfig), "Secret") == [secret]
        assert of_kind(rendered_in(plane.kubeconfig, "other"), "Secret") != [secret]


def test_certificate_of_your_own_is_mounted_and_none_is_made() -> None:
    manifests = rendered(progress={"tls": {"secretName": "from-cert-manager"}})
    assert of_kind(manifests, "Secret") == []
    (deployment,) = of_kind(manifests, "Deployment")
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert {"name": "tls", "secret": {"secretName": "from-cert-manager"}} in volumes

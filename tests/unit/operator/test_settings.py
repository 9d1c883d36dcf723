"""The operator's settings."""

from pathlib import Path

import pytest

from segcompress_operator.errors import SettingError
from segcompress_operator.settings import Allowed, LeaseSettings, ProgressSettings, settings_from

IMAGE = {"SEGCOMPRESS_RUNNER_IMAGE": "runner:1"}


def test_defaults() -> None:
    settings = settings_from(IMAGE)
    assert settings.runner.image == "runner:1"
    assert settings.namespaces == ()
    assert settings.runner.allowed == Allowed()
    assert settings.runner.allowed.maximum == {"cpu": "16", "memory": "64Gi", "nvidia.com/gpu": "1"}
    assert (settings.workers, settings.health_port, settings.log_format) == (16, 8080, "json")


def test_lists_and_empty_values() -> None:
    given = {**IMAGE, "SEGCOMPRESS_NAMESPACES": " a, b,", "SEGCOMPRESS_WORKERS": ""}
    settings = settings_from(given)
    assert settings.namespaces == ("a", "b")
    assert settings.workers == 16


def test_what_resources_may_ask_is_read() -> None:
    given = {
        **IMAGE,
        "SEGCOMPRESS_ALLOWED_IMAGE_PREFIXES": "ghcr.io/acme",
        "SEGCOMPRESS_ALLOWED_TOLERATION_KEYS": "nvidia.com/gpu,dedicated",
        "SEGCOMPRESS_ALLOWED_PRIORITY_CLASSES": "low",
        "SEGCOMPRESS_ALLOWED_RUNTIME_CLASSES": "nvidia",
        "SEGCOMPRESS_ALLOWED_WORKLOAD_PRIORITY_CLASSES": "sample",
        "SEGCOMPRESS_MAXIMUM": '{"cpu": 4, "memory": "8Gi"}',
    }
    assert settings_from(given).runner.allowed == Allowed(
        image_prefixes=("ghcr.io/acme",),
        toleration_keys=("nvidia.com/gpu", "dedicated"),
        priority_classes=("low",),
        runtime_classes=("nvidia",),
        workload_priority_classes=("sample",),
        maximum={"cpu": "4", "memory": "8Gi"},
    )


REPORTING = {**IMAGE, "SEGCOMPRESS_PROGRESS_URL": "https://segcompress-operator.system.svc:8443"}


def test_progress_is_reported_where_an_address_is_given() -> None:
    assert settings_from(IMAGE).progress is None
    progress = settings_from(
        {
            **REPORTING,
            "SEGCOMPRESS_PROGRESS_ADDRESS": "fd00::7",
            "SEGCOMPRESS_PROGRESS_SERVICE": "system/segcompress-operator",
            "SEGCOMPRESS_PROGRESS_PORT": "9443",
            "SEGCOMPRESS_PROGRESS_TLS": "/tls",
        }
    ).progress
    url = "https://segcompress-operator.system.svc:8443"
    service = ("system", "segcompress-operator")
    assert progress == ProgressSettings(url, Path("/tls"), "fd00::7", service, port=9443)


def test_address_that_the_kubelet_did_not_fill_in_is_unknown() -> None:
    """The Service is missing: that is no wrong setting, and keeps no operator from its work."""
    given = {**REPORTING, "SEGCOMPRESS_PROGRESS_ADDRESS": "$(SEGCOMPRESS_OPERATOR_SERVICE_HOST)"}
    progress = settings_from(given).progress
    assert progress is not None
    assert progress.address == ""


def test_address_that_is_none_is_named() -> None:
    given = {**REPORTING, "SEGCOMPRESS_PROGRESS_ADDRESS": "localhost"}
    with pytest.raises(SettingError, match=r"PROGRESS_ADDRESS: must be an IP address, got 'localhost'"):
        settings_from(given)


def test_defaults_of_pods_are_read() -> None:
    given = {
        **IMAGE,
        "SEGCOMPRESS_POD_LABELS": '{"team": "vision"}',
        "SEGCOMPRESS_POD_ANNOTATIONS": '{"note": "x"}',
        "SEGCOMPRESS_NODE_SELECTOR": '{"pool": "gpu"}',
        "SEGCOMPRESS_TOLERATIONS": '[{"key": "dedicated", "operator": "Exists"}]',
        "SEGCOMPRESS_POD_SECURITY_CONTEXT": '{"runAsNonRoot": true}',
        "SEGCOMPRESS_SECURITY_CONTEXT": "{}",
    }
    runner = settings_from(given).runner
    assert (runner.labels, runner.annotations) == ({"team": "vision"}, {"note": "x"})
    assert runner.node_selector == {"pool": "gpu"}
    assert runner.tolerations == ({"key": "dedicated", "operator": "Exists"},)
    assert (runner.pod_security, runner.container_security) == ({"runAsNonRoot": True}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUNNER_IMAGE", " "),
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("LOG_FORMAT", "xml"),
        ("REQUEST_MEMORY", "2 gigabytes"),
        ("IMAGE_PULL_POLICY", "Sometimes"),
        ("HEALTH_PORT", "-1"),
        ("PROGRESS_URL", "http://segcompress-operator:8443"),
        ("PROGRESS_URL", "https://segcompress-operator"),
        ("MAXIMUM", "lots"),
        ("MAXIMUM", '["cpu"]'),
        ("MAXIMUM", '{"cpu": "lots"}'),
        ("TOLERATIONS", '{"key": "x"}'),
        ("NODE_SELECTOR", '{"pool": 1}'),
        ("POD_LABELS", '{"segcompress.dev/start": "7"}'),
        ("POD_ANNOTATIONS", '{"segcompress.dev/run-config": "{}"}'),
        ("REQUEST_MEMORY", "65Gi"),
        ("REQUEST_CPU", "17"),
        ("LEASE", "segcompress-operator"),
        ("LEASE", "a/b/c"),
    ],
)
def test_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"SEGCOMPRESS_{name}: "):
        settings_from({**IMAGE, f"SEGCOMPRESS_{name}": value})


def test_lease_is_named_with_its_namespace() -> None:
    given = {**IMAGE, "SEGCOMPRESS_LEASE": "system/operator"}
    assert settings_from(IMAGE).lease is None
    assert settings_from(given).lease == LeaseSettings("system", "operator", 10)
    assert settings_from({**given, "SEGCOMPRESS_LEASE_SECONDS": "15"}).lease == LeaseSettings(
        "system", "operator", 15
    )
    with pytest.raises(SettingError, match="SEGCOMPRESS_LEASE_SECONDS: must be a whole number of at least 3"):
        settings_from({**given, "SEGCOMPRESS_LEASE_SECONDS": "2"})

"""PodMonitor, alerts and dashboard as the chart renders them; tests/alerts says what the alerts do."""

import json
from typing import Any

import pytest
import yaml

from integration.chart.helm import CHART, HelmError, Manifest, of_kind, rendered

KINDS = ("PodMonitor", "PrometheusRule", "ConfigMap")


def only(kind: str, **monitoring: Any) -> Manifest:
    (found,) = of_kind(rendered(monitoring=monitoring), kind)
    return found


def test_nothing_is_made_unless_asked() -> None:
    manifests = rendered()
    assert [of_kind(manifests, kind) for kind in KINDS] == [[], [], []]


def test_pod_monitor_scrapes_the_port_that_the_operator_serves() -> None:
    monitor = only("PodMonitor", podMonitor={"enabled": True, "labels": {"release": "prometheus"}})
    (deployment,) = of_kind(rendered(), "Deployment")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert endpoint == {"port": container["ports"][0]["name"], "path": "/metrics", "interval": "30s"}
    assert monitor["spec"]["selector"] == deployment["spec"]["selector"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_interval_that_prometheus_cannot_read_is_refused() -> None:
    with pytest.raises(HelmError, match="/monitoring/podMonitor/interval"):
        rendered(monitoring={"podMonitor": {"interval": "30"}})


def test_rules_are_those_of_the_file() -> None:
    rule = only("PrometheusRule", prometheusRule={"enabled": True})
    assert rule["spec"] == yaml.safe_load((CHART / "files/alerts.yaml").read_text())


def test_dashboard_is_the_file() -> None:
    made = only("ConfigMap", dashboard={"enabled": True})
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert made["data"] == {"segcompress.json": (CHART / "files/dashboard.json").read_text()}
    assert json.loads(made["data"]["segcompress.json"])["uid"] == "segcompress"

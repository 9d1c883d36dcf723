"""Alerts, dashboard and documentation speak of metrics that the operator has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from segcompress_operator.metrics import Metrics
from segcompress_operator.planning.facts import EndedAttempt, EndedRun, Facts
from unit.operator.test_metrics import LEADING, samples_of

ROOT = Path(__file__).parents[3]
FILES = ROOT / "charts/segcompress/files"
OPERATIONS = (ROOT / "docs/operations.md").read_text()
METRIC = re.compile(r"\b(?:segcompress|process)_[a-z_]+\b")


def exposed() -> set[str]:
    """Return the names of all samples that a leader shows once something happened."""
    metrics = Metrics(LEADING)
    metrics.tell(Facts((EndedAttempt("Succeeded", 1.0),), EndedRun("Succeeded", 1.0)))
    metrics.reconciled(0.1, KeyError())
    return {sample.name for sample in samples_of(metrics)}


EXPOSED = exposed()


TARGET_LABELS = {"namespace", "pod", "container", "endpoint", "instance", "job"}
"""Labels by which a PodMonitor names the pod: Prometheus renames a sample's own label of such a name."""


def test_no_label_is_one_that_prometheus_sets() -> None:
    metrics = Metrics(LEADING)
    assert not {label for sample in samples_of(metrics) for label in sample.labels} & TARGET_LABELS


def alerts() -> list[dict[str, Any]]:
    parsed = yaml.safe_load((FILES / "alerts.yaml").read_text())
    return [rule for group in parsed["groups"] for rule in group["rules"]]


def queries() -> Iterator[str]:
    """Yield every query of the dashboard."""
    for panel in json.loads((FILES / "dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


@pytest.mark.parametrize("query", [*queries(), *(alert["expr"] for alert in alerts())])
def test_query_asks_for_metrics_that_exist(query: str) -> None:
    named = set(METRIC.findall(query))
    assert named
    assert named <= EXPOSED


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_alert_has_a_runbook(alert: dict[str, Any]) -> None:
    page, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert page == "docs/operations.md"
    assert anchor == alert["alert"].lower()
    assert f"### {alert['alert']}\n" in OPERATIONS
    assert alert["labels"]["severity"] in ("critical", "warning")


def test_table_of_metrics_is_complete() -> None:
    documented = set(re.findall(r"^\| `(segcompress_[a-z_]+)[`{]", OPERATIONS, re.MULTILINE))
    parts = re.compile(r"_(?:bucket|count|sum)$")
    assert documented == {parts.sub("", name) for name in EXPOSED if name.startswith("segcompress_")}

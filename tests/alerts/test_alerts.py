"""Alerts and dashboard of the chart, read by Prometheus' own promtool, which must be on PATH."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = Path(__file__).parents[2] / "charts/segcompress/files"
TESTS = Path(__file__).with_name("alerts_test.yaml")

Promtool = Callable[..., str]


@pytest.fixture
def promtool(tmp_path: Path) -> Promtool:
    """Return a function that runs promtool in a folder of the test's own, beside the alerts."""
    shutil.copy(FILES / "alerts.yaml", tmp_path)
    shutil.copy(TESTS, tmp_path)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["promtool", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def alerts() -> set[str]:
    groups = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


def test_alerts_are_valid(promtool: Promtool) -> None:
    found = promtool("check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml")
    assert f"{len(alerts())} rules found" in found


def test_alerts_fire_when_they_should(promtool: Promtool) -> None:
    assert "SUCCESS" in promtool("test", "rules", TESTS.name)


def test_each_alert_fires_in_some_test() -> None:
    tests: list[dict[str, Any]] = yaml.safe_load(TESTS.read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts()
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == alerts()


def test_queries_of_the_dashboard_are_valid(promtool: Promtool, tmp_path: Path) -> None:
    panels = json.loads((FILES / "dashboard.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"query:number{n}", "expr": query} for n, query in enumerate(queries)]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "q", "rules": rules}]}))
    assert f"{len(queries)} rules found" in promtool("check", "rules", "queries.yaml")

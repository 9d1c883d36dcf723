"""The chart's values: every one has a default, a sentence, and a row in the chart's README."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from chart_values import CHART, README, described, value_at, written
from segcompress_operator.settings import Allowed, RunnerSettings

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def objects(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each schema of an object below and including `schema`."""
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            yield path, schema
        for name, inner in schema.items():
            yield from objects(inner, f"{path}/{name}")


def test_table_of_values_is_fresh() -> None:
    assert README.read_text() == written(README.read_text()), "run `make chart-values`"


def test_every_value_is_described_and_has_a_default() -> None:
    paths = {path for path, _ in described(SCHEMA)} - {"global"}
    for path in paths:
        value_at(VALUES, path)

    def leaves(values: dict[str, Any], path: str = "") -> Iterator[str]:
        for name, value in values.items():
            here = f"{path}.{name}" if path else name
            if here in paths:
                yield here
            else:
                assert isinstance(value, dict), f"{here} is not in values.schema.json"
                yield from leaves(value, here)

    assert set(leaves(VALUES)) == paths


def test_no_object_of_the_schema_takes_unknown_keys() -> None:
    assert [path for path, schema in objects(SCHEMA) if schema.get("additionalProperties") is not False] == []


def test_defaults_of_the_chart_are_those_of_the_operator() -> None:
    runner = VALUES["runner"]
    ours = RunnerSettings("", allowed=Allowed(toleration_keys=("nvidia.com/gpu",)))
    assert runner["maximum"] == ours.allowed.maximum
    assert runner["defaultRequests"] == {"cpu": ours.request_cpu, "memory": ours.request_memory}
    assert runner["scratch"] == {"work": ours.work_size, "tmp": ours.tmp_size}
    assert runner["podSecurityContext"] == ours.pod_security
    assert runner["securityContext"] == ours.container_security

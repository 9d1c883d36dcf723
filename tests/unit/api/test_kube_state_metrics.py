"""The example for kube-state-metrics reads what the CRD has."""

from typing import Any, get_args

import pytest
import yaml

from documents import ROOT
from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.job import KIND
from segcompress_api.schema import job_crd
from segcompress_api.status import Phase

CONFIG = yaml.safe_load((ROOT / "examples/kube-state-metrics/config.yaml").read_text())
(RESOURCE,) = CONFIG["spec"]["resources"]
METRICS = {metric["name"]: metric["each"] for metric in RESOURCE["metrics"]}


def schema_at(path: list[str]) -> dict[str, Any]:
    """Return the schema of a field of the resource; fail where there is none."""
    (version,) = job_crd()["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    for key in path:
        found = found["properties"][key]
    return found


def test_it_is_about_our_kind() -> None:
    kind = {"group": API_GROUP, "version": API_VERSION, "kind": KIND}
    assert RESOURCE["groupVersionKind"] == kind


def test_phases_are_those_of_the_api() -> None:
    states = METRICS["phase"]["stateSet"]
    assert schema_at(states["path"])["enum"] == states["list"] == list(get_args(Phase))


@pytest.mark.parametrize("name", [name for name, each in METRICS.items() if each["type"] == "Gauge"])
def test_gauge_reads_a_field(name: str) -> None:
    gauge = METRICS[name]["gauge"]
    schema = schema_at(gauge["path"])
    if schema["type"] == "array":
        fields = schema["items"]["properties"]
        used = [gauge["valueFrom"], *gauge["labelsFromPath"].values()]
        assert [path[0] for path in used if path[0] in fields] == [path[0] for path in used]
    else:
        assert schema["type"] in ("string", "integer")

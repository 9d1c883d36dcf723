"""The example for kube-state-metrics reads what the CRDs have."""

from typing import Any, get_args

import pytest
import yaml

from documents import ROOT
from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.job import KIND
from segcompress_api.schema import job_crd, sweep_crd
from segcompress_api.status import Phase
from segcompress_api.sweep import SWEEP_KIND

CONFIG = yaml.safe_load((ROOT / "examples/kube-state-metrics/config.yaml").read_text())
CRDS = {KIND: job_crd(), SWEEP_KIND: sweep_crd()}
METRICS = {
    resource["groupVersionKind"]["kind"]: {metric["name"]: metric["each"] for metric in resource["metrics"]}
    for resource in CONFIG["spec"]["resources"]
}
GAUGES = [
    (kind, name) for kind, metrics in METRICS.items() for name, each in metrics.items() if "gauge" in each
]


def schema_at(kind: str, path: list[str]) -> dict[str, Any]:
    """Return the schema of a field of the resource; fail where there is none."""
    (version,) = CRDS[kind]["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    for key in path:
        found = found["properties"][key]
    return found


def test_it_is_about_our_kinds() -> None:
    kinds = [{"group": API_GROUP, "version": API_VERSION, "kind": kind} for kind in CRDS]
    assert [resource["groupVersionKind"] for resource in CONFIG["spec"]["resources"]] == kinds


@pytest.mark.parametrize("kind", CRDS)
def test_phases_are_those_of_the_api(kind: str) -> None:
    states = METRICS[kind]["phase"]["stateSet"]
    assert schema_at(kind, states["path"])["enum"] == states["list"] == list(get_args(Phase))


@pytest.mark.parametrize(("kind", "name"), GAUGES)
def test_gauge_reads_a_field(kind: str, name: str) -> None:
    gauge = METRICS[kind][name]["gauge"]
    schema = schema_at(kind, gauge["path"])
    if schema["type"] == "array":
        fields = schema["items"]["properties"]
        used = [gauge["valueFrom"], *gauge["labelsFromPath"].values()]
        assert [path[0] for path in used if path[0] in fields] == [path[0] for path in used]
    else:
        assert schema["type"] in ("string", "integer")

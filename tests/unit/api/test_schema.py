"""The generated CRD: fresh, structural, described, and silent where only the operator may speak."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from segcompress_api.job import JobSpec
from segcompress_api.schema import chart_copy, job_crd, outputs, sweep_crd

ROOT = Path(__file__).resolve().parents[3]
Node = dict[str, Any]
KINDS = pytest.mark.parametrize(
    "crd", [pytest.param(job_crd(), id="job"), pytest.param(sweep_crd(), id="sweep")]
)


def version(crd: Node | None = None) -> Node:
    (only,) = (crd or job_crd())["spec"]["versions"]
    return dict(only)


def schema(crd: Node | None = None) -> Node:
    return dict(version(crd)["schema"]["openAPIV3Schema"])


def nodes(schema: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Yield each schema below and including `schema`, with its dotted path."""
    yield path, schema
    for name, value in schema.get("properties", {}).items():
        yield from nodes(value, f"{path}.{name}")
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            yield from nodes(schema[inner], f"{path}[]")


def ours(crd: Node | None = None) -> list[tuple[str, Node]]:
    properties = schema(crd)["properties"]
    return [*nodes(properties["spec"], "spec"), *nodes(properties["status"], "status")]


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in outputs(ROOT)]
)
def test_generated_files_are_fresh(path: Path) -> None:
    assert path.read_text() == outputs(ROOT)[path], "run `make crds`"


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, id=key)
        for key in ("$ref", "$defs", "anyOf", "oneOf", "allOf", "const", "title", "discriminator")
    ],
)
@KINDS
def test_schema_is_structural(crd: Node, key: str) -> None:
    assert [path for path, node in ours(crd) if key in node] == []


@KINDS
def test_no_schema_is_closed_the_way_the_api_server_refuses(crd: Node) -> None:
    closed = [path for path, node in ours(crd) if node.get("additionalProperties") in (True, False)]

    assert closed == []


@KINDS
def test_every_schema_has_a_type_or_is_declared_free_form(crd: Node) -> None:
    untyped = [path for path, node in ours(crd) if "type" not in node]

    assert {path.rpartition(".")[2] for path in untyped} == {
        "alpha",
        "loss",
        "node",
        "distill_lambda",
        "distill_loss",
        "distill_node_pair",
        "learning_rate",
        "optimizer_builder",
        "optim_args",
        "pruned_ratio",
        "Global",
    }
    assert all(node["x-kubernetes-preserve-unknown-fields"] for path, node in ours(crd) if path in untyped)


def test_exclusive_bounds_are_booleans_beside_their_bound() -> None:
    for path, node in ours():
        for bound in ("minimum", "maximum"):
            exclusive = node.get(f"exclusive{bound.capitalize()}")
            assert exclusive is None or (exclusive is True and bound in node), path


@KINDS
def test_every_property_teaches(crd: Node) -> None:
    assert [path for path, node in ours(crd) if not path.endswith("[]") and not node.get("description")] == []


@KINDS
def test_status_has_no_default_but_observed_generation(crd: Node) -> None:
    defaults = {
        path: node["default"] for path, node in ours(crd) if path.startswith("status") and "default" in node
    }

    assert defaults == {"status": {"observedGeneration": -1}}


def test_defaults_of_the_spec_are_those_of_the_types() -> None:
    strings = {
        path: node["default"] for path, node in ours() if path.startswith("spec") and "default" in node
    }

    assert (
        strings["spec.dataset.batchSize"]
        == JobSpec.model_fields["dataset"]
        .annotation.model_fields[  # type: ignore[union-attr]
            "batch_size"
        ]
        .default
    )
    assert strings["spec.benchmark.runtimes"] == ["PaddleInference", "ONNXRuntime"]
    assert strings["spec.runtime"] == strings["spec.benchmark"] == strings["spec.acceptance"] == {}
    assert None not in strings.values()


def test_every_field_but_two_is_immutable_by_its_name() -> None:
    rules = schema()["properties"]["spec"]["x-kubernetes-validations"]
    named = {
        rule["message"].partition(" ")[0].removeprefix("spec.") for rule in rules if "oldSelf" in rule["rule"]
    }

    mutable = {"suspend", "ttlSecondsAfterFinished"}
    assert named == set(schema()["properties"]["spec"]["properties"]) - mutable


@KINDS
def test_every_rule_has_a_message(crd: Node) -> None:
    rules = [rule for _, node in ours(crd) for rule in node.get("x-kubernetes-validations", [])]

    assert all(rule["message"] and len(rule["message"]) < 300 for rule in rules)


def test_storage_is_required_in_a_cluster_and_addresses_are_s3() -> None:
    by_path = dict(ours())

    assert "storage" in by_path["spec"]["required"]
    for path in (
        "spec.model.inference.uri",
        "spec.dataset.uri",
        "spec.output.uri",
        "spec.strategy.configUri",
    ):
        assert by_path[path]["pattern"].startswith("^s3://")


def test_columns_lead_to_fields() -> None:
    paths = {f".{path}" for path, _ in ours()} | {".metadata.creationTimestamp"}
    columns = {column["name"]: column for column in version()["additionalPrinterColumns"]}

    assert [name for name, column in columns.items() if column["priority"] == 0] == [
        "Phase",
        "Stage",
        "Progress",
        "mIoU",
        "Drop",
        "Speedup",
        "Age",
    ]
    for column in columns.values():
        assert "[-1:]" not in column["jsonPath"]
        assert column["jsonPath"].partition("[")[0] in paths


def test_every_field_of_a_sweep_but_three_is_immutable_by_its_name() -> None:
    spec = schema(sweep_crd())["properties"]["spec"]
    rules = [rule for rule in spec["x-kubernetes-validations"] if "oldSelf" in rule["rule"]]
    named = {rule["message"].partition(" ")[0].removeprefix("spec.") for rule in rules}

    assert named == set(spec["properties"]) - {"maxTrials", "parallelTrials", "suspend"}


def test_a_template_has_a_job_s_rules_but_for_its_immutability() -> None:
    template = dict(ours(sweep_crd()))["spec.template.spec"]
    job = schema()["properties"]["spec"]

    own = [rule for rule in job["x-kubernetes-validations"] if "oldSelf" not in rule["rule"]]
    assert template["x-kubernetes-validations"] == own
    assert template["properties"] == job["properties"]


def test_columns_of_a_sweep_lead_to_fields() -> None:
    paths = {f".{path}" for path, _ in ours(sweep_crd())} | {".metadata.creationTimestamp"}
    columns = version(sweep_crd())["additionalPrinterColumns"]

    shown = [column["name"] for column in columns if column["priority"] == 0]
    assert shown == ["Phase", "Running", "Succeeded", "Failed", "Best", "Age"]
    assert all(column["jsonPath"].partition("[")[0] in paths for column in columns)
    assert sweep_crd()["spec"]["names"]["shortNames"] == ["scs"]


def test_names_of_the_resource() -> None:
    names = job_crd()["spec"]["names"]

    assert (names["shortNames"], names["categories"]) == (["scj"], ["segcompress"])
    assert version()["subresources"] == {"status": {}}


@KINDS
def test_the_chart_s_copy_is_the_same_and_outlives_the_chart(crd: Node) -> None:
    lines = chart_copy(crd).splitlines()
    body = yaml.safe_load("\n".join(lines[1:-1]))

    assert (lines[0], lines[-1]) == ("{{- if .Values.crds.install }}", "{{- end }}")
    assert body["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert body == crd


@KINDS
def test_nothing_in_the_crd_looks_like_a_template_to_helm(crd: Node) -> None:
    lines = chart_copy(crd).splitlines()[1:-1]

    assert [line for line in lines if "{{" in line or "}}" in line] == []

"""What the API server refuses: each rule with its own sentence, each unknown key by its path."""

import pytest

from integration.api.kubectl import DRY, Kubectl
from unit.api.jobs import changed, job

PRUNE = "spec.strategy.UnstructurePrune"
DATASET = job()["spec"]["dataset"]
ONE_MODEL = "give exactly one of inference and paddleseg"
NETWORK = {
    "configUri": "s3://models/net.yml",
    "weightsUri": "s3://models/net.pdparams",
    "inputShape": [1, 3, 512, 1024],
}
ADDRESS = "in body should match '^s3://"
FILE = "in body should match '^[A-Za-z0-9_]"


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        pytest.param(
            "spec.dataset.classNames",
            ["person"],
            "spec.dataset",
            "classNames must have one name for each of numClasses",
            id="a name too few",
        ),
        pytest.param(
            "spec.dataset.labelList",
            "labels.txt",
            "spec.dataset",
            "labelList requires format Labelme or EISeg",
            id="labels",
        ),
        pytest.param(
            "spec.dataset",
            {**DATASET, "format": "EISeg", "labelList": "labels.txt"},
            "spec.dataset",
            "labelList cannot be combined with classNames",
            id="labels twice",
        ),
        pytest.param(
            "spec.dataset",
            {**DATASET, "format": "Labelme", "classNames": []},
            "spec.dataset",
            "format Labelme requires classNames or labelList",
            id="labels without ids",
        ),
        pytest.param(
            "spec.dataset.readerConfigUri",
            "s3://datasets/reader.yml",
            "spec.dataset",
            "readerConfigUri cannot be combined with transforms",
            id="transforms from two places",
        ),
        pytest.param(
            "spec.dataset.valTransforms",
            [],
            "spec.dataset",
            "trainTransforms and valTransforms are required unless readerConfigUri is given",
            id="no transforms",
        ),
        pytest.param(
            "spec.model.inference.uri", "file:///m/", "spec.model.inference.uri", ADDRESS, id="model file://"
        ),
        pytest.param("spec.model", {}, "spec.model", ONE_MODEL, id="no model"),
        pytest.param("spec.model.paddleseg", NETWORK, "spec.model", ONE_MODEL, id="two models"),
        pytest.param(
            "spec.model",
            {"paddleseg": {**NETWORK, "inputShape": [1, 1, 512, 1024]}},
            "spec.model.paddleseg",
            "inputShape must be a batch (-1 for any), 3 channels, height and width",
            id="grey pictures",
        ),
        pytest.param(
            "spec.model",
            {"paddleseg": {**NETWORK, "inputShape": [1, 3, 512, -1]}},
            "spec.model.paddleseg",
            "inputShape must be a batch (-1 for any), 3 channels, height and width",
            id="a free width",
        ),
        pytest.param(
            "spec.model",
            {"paddleseg": {**NETWORK, "inputShape": [3, 512, 1024]}},
            "spec.model.paddleseg.inputShape",
            "should have at least 4 items",
            id="no batch",
        ),
        pytest.param("spec.dataset.uri", "file:///data/", "spec.dataset.uri", ADDRESS, id="dataset file://"),
        pytest.param("spec.output.uri", "file:///out/", "spec.output.uri", ADDRESS, id="output file://"),
        pytest.param(
            "spec.strategy",
            {"configUri": "file:///act.yaml"},
            "spec.strategy.configUri",
            ADDRESS,
            id="configUri file://",
        ),
        pytest.param(
            "spec",
            {
                **job()["spec"],
                "benchmark": {"runtimes": ["PaddleInference"]},
                "acceptance": {"minSpeedup": {"runtime": "ONNXRuntime", "ratio": "1.5"}},
            },
            "spec",
            "acceptance.minSpeedup.runtime must be one of benchmark.runtimes",
            id="a speed-up on a runtime that is not measured",
        ),
        pytest.param("spec.storage", None, "spec.storage", "Required value", id="no storage"),
        pytest.param("spec.dataset", None, "spec.dataset", "Required value", id="no dataset"),
        pytest.param(
            "spec.dataset.trainList",
            "../train.txt",
            "spec.dataset.trainList",
            FILE,
            id="a list above its folder",
        ),
        pytest.param(
            "spec.benchmark.runtimes",
            ["ONNXRuntime", "ONNXRuntime"],
            "spec.benchmark.runtimes[1]",
            "Duplicate value",
            id="a runtime twice",
        ),
        pytest.param(
            "spec.exports", ["ONNX", "ONNX"], "spec.exports[1]", "Duplicate value", id="an export twice"
        ),
        pytest.param(
            "spec.acceptance.maxMiouDrop",
            0.01,
            "spec.acceptance.maxMiouDrop",
            "must be of type string",
            id="a float",
        ),
        pytest.param(
            "spec.strategy.TrainConfig.epochs",
            "14",
            "spec.strategy.TrainConfig.epochs",
            "must be of type integer",
            id="a string for a number",
        ),
        pytest.param(
            "spec.runtime.device", "TPU", "spec.runtime.device", "Unsupported value", id="no such device"
        ),
    ],
)
def test_a_rule_refuses_with_its_own_sentence(
    kubectl: Kubectl, path: str, value: object, field: str, words: str
) -> None:
    kubectl.confirm_refused(changed(job(), path, value), field, words)


def test_the_job_that_those_rows_change_is_taken(kubectl: Kubectl) -> None:
    answer = kubectl.send("create", job(), DRY)

    assert (answer.code, answer.err) == (0, "")


@pytest.mark.parametrize(
    ("verb", "flags", "words"),
    [
        pytest.param("apply", (), 'unknown field "{}"', id="apply"),
        pytest.param("create", (), 'unknown field "{}"', id="create"),
        pytest.param(
            "apply", ("--server-side",), ".{}: field not declared in schema", id="server-side apply"
        ),
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        pytest.param("spec.pause", id="a field of the spec"),
        pytest.param("spec.strategy.TrainConfig.epoch", id="a key of a section"),
        pytest.param(f"{PRUNE}.gmp_config.tuning_iterations", id="a key of the ramp"),
        pytest.param("spec.strategy.TransformerPrune", id="a section that is refused"),
    ],
)
def test_an_unknown_key_is_refused_by_its_path(
    kubectl: Kubectl, path: str, verb: str, flags: tuple[str, ...], words: str
) -> None:
    answer = kubectl.send(verb, changed(job(), path, 1), DRY, *flags)

    assert answer.code != 0
    assert words.format(path) in answer.err


def test_without_strictness_an_unknown_key_is_pruned(kubectl: Kubectl, name: str) -> None:
    kubectl.send("create", changed(job(name), "spec.strategy.TrainConfig.epoch", 1), "--validate=false")

    assert "epoch" not in kubectl.get(name)["spec"]["strategy"]["TrainConfig"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param("x" * 4097, "may not be more than 4096 bytes", id="text"),
        pytest.param(["x"] * 257, "must have at most 256 items", id="list"),
        pytest.param({f"k{n}": 1 for n in range(65)}, "must have at most 64 items", id="mapping"),
    ],
)
def test_a_free_form_leaf_is_capped(kubectl: Kubectl, value: object, words: str) -> None:
    path = "spec.strategy.Distillation.distill_node_pair"
    answer = kubectl.send("create", changed(job("capped"), path, value), DRY)

    assert answer.code != 0
    assert path in answer.err
    assert words in answer.err

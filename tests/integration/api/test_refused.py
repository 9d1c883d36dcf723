"""What the API server refuses: each rule with its own sentence, each unknown key by its path."""

import json
from typing import Any

import pytest

from integration.api.kubectl import Answer, Kubectl
from segcompress_api.schema import job_crd
from unit.api.act_files import OLD_QUANT, OLD_SPARSE_FILE, QUANT, loaded
from unit.api.jobs import Body, changed, job

DRY = "--dry-run=server"
PRUNE = "spec.strategy.UnstructurePrune"
SPARSE = loaded(OLD_SPARSE_FILE)
TRAIN = SPARSE["TrainConfig"]
DATASET = job()["spec"]["dataset"]
GMP = SPARSE["UnstructurePrune"]["gmp_config"]
ONE_STRATEGY = "give either configUri alone, preset alone, or what compresses: UnstructurePrune, ChannelPrune"
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
            f"{PRUNE}.ratio",
            0.75,
            PRUNE,
            "pruned_ratio is the old name of ratio: give one of them",
            id="spellings",
        ),
        pytest.param(
            "spec.strategy",
            {**loaded(QUANT), **loaded(OLD_QUANT), "TrainConfig": TRAIN},
            "spec.strategy",
            "Quantization is the old name of QuantAware: give one of them",
            id="section by both names",
        ),
        pytest.param(
            "spec.strategy", {"TrainConfig": TRAIN}, "spec.strategy", ONE_STRATEGY, id="no compression"
        ),
        pytest.param("spec.strategy", {}, "spec.strategy", ONE_STRATEGY, id="an empty strategy"),
        pytest.param(
            "spec.strategy",
            {"configUri": "s3://models/act.yaml", "TrainConfig": TRAIN},
            "spec.strategy",
            ONE_STRATEGY,
            id="configUri and TrainConfig",
        ),
        pytest.param(
            "spec.strategy",
            {"configUri": "s3://models/act.yaml", "Distillation": {}},
            "spec.strategy",
            ONE_STRATEGY,
            id="configUri and Distillation",
        ),
        pytest.param(
            "spec.strategy",
            {"configUri": "s3://models/act.yaml", "Quantization": {}},
            "spec.strategy",
            ONE_STRATEGY,
            id="configUri and a compression",
        ),
        pytest.param(
            "spec.strategy.TrainConfig",
            None,
            "spec.strategy",
            "TrainConfig is required by what trains: every section but QuantPost",
            id="no TrainConfig",
        ),
        pytest.param(
            "spec.strategy.TrainConfig.train_iter",
            10,
            "spec.strategy.TrainConfig",
            "give exactly one of epochs and train_iter",
            id="epochs and train_iter",
        ),
        pytest.param(
            "spec.strategy.TrainConfig.epochs",
            None,
            "spec.strategy.TrainConfig",
            "give exactly one of epochs and train_iter",
            id="neither epochs nor train_iter",
        ),
        pytest.param(
            f"{PRUNE}.gmp_config",
            None,
            PRUNE,
            "gmp_config is required by prune_strategy gmp, and has no effect without it",
            id="gmp without its ramp",
        ),
        pytest.param(
            f"{PRUNE}.prune_strategy",
            None,
            PRUNE,
            "gmp_config is required by prune_strategy gmp, and has no effect without it",
            id="a ramp without gmp",
        ),
        pytest.param(
            "spec.strategy",
            {
                "UnstructurePrune": {
                    "prune_strategy": "gmp",
                    "ratio": 0.9,
                    "gmp_config": {"pruning_iterations": 70, "pruning_steps": 5, "initial_ratio": 0.1},
                },
                "TrainConfig": {"train_iter": 60, "learning_rate": 0.1},
            },
            "spec.strategy",
            "the pruning ramp (stable_iterations + pruning_iterations) must not be longer than train_iter",
            id="a ramp longer than the training",
        ),
        pytest.param(
            f"{PRUNE}.pruned_ratio",
            None,
            PRUNE,
            "ratio is required by prune_mode ratio, such as 0.75",
            id="no ratio",
        ),
        pytest.param(
            f"{PRUNE}.sparse_block",
            [1, 4],
            PRUNE,
            "sparse_block must be [1, 1] or [4, 1]",
            id="blocks along inputs",
        ),
        pytest.param(
            "spec.strategy.UnstructurePrune",
            {"ratio": 0.5, "sparse_block": [4, 1]},
            PRUNE,
            "sparse_block [4, 1] needs prune_params_type conv1x1_only and prune_mode ratio",
            id="blocks of every layer",
        ),
        pytest.param(
            f"{PRUNE}.gmp_config.pruning_steps",
            450,
            f"{PRUNE}.gmp_config",
            "each pruning step needs more than 10 iterations",
            id="too many steps",
        ),
        pytest.param(
            f"{PRUNE}.pruned_ratio", 1, f"{PRUNE}.pruned_ratio", "should be less than 1", id="ratio 1"
        ),
        pytest.param(
            f"{PRUNE}.gmp_config.pruning_steps",
            0,
            f"{PRUNE}.gmp_config.pruning_steps",
            "should be greater than 0",
            id="no steps",
        ),
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
            "labelList is about annotations",
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
            "format Labelme needs classNames or labelList",
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
            "trainTransforms and valTransforms are required where readerConfigUri is not given",
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
            "inputShape must be a batch (-1 for a free one), 3 channels, height and width",
            id="grey pictures",
        ),
        pytest.param(
            "spec.model",
            {"paddleseg": {**NETWORK, "inputShape": [1, 3, 512, -1]}},
            "spec.model.paddleseg",
            "inputShape must be a batch (-1 for a free one), 3 channels, height and width",
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
    answer = kubectl.send("create", changed(job(), path, value), DRY)

    assert answer.code != 0
    assert f"{field}: " in answer.err
    assert words in answer.err


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


_CHANGES: dict[str, tuple[str, Any]] = {
    "model": ("spec.model.inference.uri", "s3://models/other/"),
    "dataset": ("spec.dataset.batchSize", 8),
    "strategy": ("spec.strategy.TrainConfig.learning_rate", 0.5),
    "benchmark": ("spec.benchmark.threads", 2),
    "acceptance": ("spec.acceptance.minSparsity", "0.7"),
    "exports": ("spec.exports", ["OpenVINO"]),
    "output": ("spec.output.uri", "s3://compressed/other/"),
    "storage": ("spec.storage.secretRef.name", "other"),
    "runtime": ("spec.runtime.device", "CPU"),
    "seed": ("spec.seed", 1),
    "backoffLimit": ("spec.backoffLimit", 3),
    "preemptionLimit": ("spec.preemptionLimit", 3),
    "activeDeadlineSeconds": ("spec.activeDeadlineSeconds", 60),
}


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        *(pytest.param(path, value, field, id=field) for field, (path, value) in _CHANGES.items()),
        pytest.param("spec.strategy.Distillation", None, "strategy", id="a section taken away"),
        pytest.param("spec.strategy.Distillation.distill_lambda", 2, "strategy", id="a free-form leaf"),
        pytest.param(
            "spec.strategy.TrainConfig.optim_args.weight_decay", 0.1, "strategy", id="within a free-form leaf"
        ),
        pytest.param("spec.dataset.trainTransforms", [{"type": "Normalize"}], "dataset", id="a list"),
        pytest.param("spec.runtime.priorityClassName", "high", "runtime", id="a field that was not set"),
    ],
)
def test_the_spec_is_immutable(kubectl: Kubectl, stored: Body, path: str, value: object, field: str) -> None:
    answer = kubectl.send("replace", changed(stored, path, value), DRY)

    assert answer.code != 0
    assert f"spec.{field} is immutable: make another SegCompressionJob" in answer.err


def test_number_is_sent_again_as_it_is_stored(kubectl: Kubectl, stored: Body) -> None:
    """Python writes 1.0, Go stores 1, and CEL takes them for two values where a setting is free-form."""
    rate = "spec.strategy.TrainConfig.learning_rate"
    name = "whole-number"
    body = changed(changed(stored, rate, 1.0), "metadata", {"name": name, "namespace": "default"})
    assert kubectl.send("create", body).code == 0
    kept = kubectl.get(name)

    def sent(number: float) -> Answer:
        address = f"/apis/segcompress.dev/v1alpha1/namespaces/default/segcompressionjobs/{name}?dryRun=All"
        manifest = json.dumps(changed(kept, rate, number))
        return kubectl.run("replace", f"--raw={address}", "-f", "-", stdin=manifest)

    assert sent(1).code == 0
    assert "send numbers as they are stored, 1 and not 1.0" in sent(1.0).err


@pytest.fixture(scope="module")
def stored(kubectl: Kubectl) -> Body:
    kubectl.send("create", changed(job("immutable"), "spec.ttlSecondsAfterFinished", 60))
    return kubectl.get("immutable")


def test_those_rows_cover_every_field_but_two() -> None:
    spec = job_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]

    assert set(_CHANGES) == set(spec["properties"]) - {"suspend", "ttlSecondsAfterFinished"}


@pytest.mark.parametrize(
    "value",
    [pytest.param(0, id="shorter"), pytest.param(3600, id="longer"), pytest.param(None, id="taken away")],
)
def test_the_ttl_may_change(kubectl: Kubectl, stored: Body, value: int | None) -> None:
    answer = kubectl.send("replace", changed(stored, "spec.ttlSecondsAfterFinished", value), DRY)

    assert answer.code == 0, answer.err


def test_a_run_may_be_suspended(kubectl: Kubectl, stored: Body) -> None:
    answer = kubectl.send("replace", changed(stored, "spec.suspend", True), DRY)  # noqa: FBT003 - its value

    assert answer.code == 0, answer.err


def test_labels_may_change(kubectl: Kubectl, stored: Body) -> None:
    answer = kubectl.send("replace", changed(stored, "metadata.labels", {"team": "vision"}), DRY)

    assert answer.code == 0, answer.err


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

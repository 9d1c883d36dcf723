"""What a job may say of its inputs: addresses, file names, classes, gates; and its defaults."""

import pytest
from pydantic import ValidationError

from segcompress_api.act_settings import ModelFileNames
from segcompress_api.job import SegCompressionJob
from unit.api.jobs import changed, job

NETWORK = {
    "configUri": "s3://models/net.yml",
    "weightsUri": "file:///models/net.pdparams",
    "inputShape": [1, 3, 64, 64],
}


def read(path: str, value: object) -> SegCompressionJob:
    return SegCompressionJob.model_validate(changed(job(), path, value))


def test_what_is_left_out_has_the_documented_value() -> None:
    spec = SegCompressionJob.model_validate(job()).spec

    assert spec.model.files == ModelFileNames("model.pdmodel", "model.pdiparams")
    assert (spec.dataset.train_list, spec.dataset.val_list) == ("train.txt", "val.txt")
    assert (spec.dataset.ignore_index, spec.dataset.batch_size) == (255, 16)
    assert spec.benchmark.runtimes == ("PaddleInference", "ONNXRuntime")
    assert (spec.benchmark.threads, spec.benchmark.warmup, spec.benchmark.min_queries) == (1, 50, 1024)
    assert (spec.acceptance.max_miou_drop, spec.acceptance.min_sparsity) == (None, None)
    assert (spec.runtime.device, spec.runtime.gpus, spec.seed, spec.backoff_limit) == ("GPU", 1, 0, 2)
    assert (spec.active_deadline_seconds, spec.ttl_seconds_after_finished) == (86400, None)
    assert (spec.suspend, spec.preemption_limit) == (False, 20)


def test_metadata_without_a_value_are_unset() -> None:
    written = job() | {"metadata": {"name": "demo", "labels": None, "annotations": None}}
    metadata = SegCompressionJob.model_validate(written).metadata
    assert (metadata.name, metadata.labels, metadata.annotations) == ("demo", {}, {})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("spec.dataset.uri", "file:///data/humanseg/", id="file:// on a laptop"),
        pytest.param("spec.dataset.uri", "s3://datasets", id="a whole bucket"),
        pytest.param("spec.model.inference.modelFile", "export/v1.2/model.pdmodel", id="a file in a folder"),
        pytest.param("spec.dataset.trainList", "lists/train-1.txt", id="a list in a folder"),
        pytest.param("spec.acceptance.maxMiouDrop", "0.01", id="a gate"),
        pytest.param("spec.acceptance.maxMiouDrop", "Unlimited", id="any drop"),
        pytest.param("spec.acceptance.minSparsity", "1", id="a whole number as a gate"),
        pytest.param("spec.acceptance.maxClassIouDrop", "0.03", id="a gate on every class"),
        pytest.param("spec.acceptance.maxBoundaryIouDrop", "0", id="a gate on boundaries"),
        pytest.param("spec.acceptance.maxSizeRatio", "0.05", id="a gate on sizes"),
        pytest.param(
            "spec.acceptance.minSpeedup", {"runtime": "ONNXRuntime", "ratio": "1.25"}, id="a gate on speed"
        ),
        pytest.param("spec.dataset.classNames", [], id="classes without names"),
        pytest.param("spec.storage", None, id="no Secret, as without a cluster"),
        pytest.param("spec.model", {"paddleseg": NETWORK}, id="a network"),
        pytest.param(
            "spec.model", {"paddleseg": {**NETWORK, "inputShape": [-1, 3, 1, 1]}}, id="a network of any batch"
        ),
    ],
)
def test_taken(path: str, value: object) -> None:
    assert read(path, value).kind == "SegCompressionJob"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("spec.model", {}, id="no model"),
        pytest.param("spec.model.paddleseg", NETWORK, id="two models"),
        *(
            pytest.param("spec.model", {"paddleseg": {**NETWORK, key: value}}, id=f"{key} {value}")
            for key, value in (
                ("inputShape", [0, 3, 64, 64]),
                ("inputShape", [1, 1, 64, 64]),
                ("inputShape", [1, 3, 64, -1]),
                ("inputShape", [1, 3, 0, 64]),
                ("inputShape", [3, 64, 64]),
                ("inputShape", [1, 3, 64, 64.0]),
                ("outputOp", "sigmoid"),
                ("weightsUri", "https://host/model.pdparams"),
            )
        ),
        pytest.param("spec.dataset.uri", "/data/humanseg", id="a path"),
        pytest.param("spec.dataset.uri", "https://host/humanseg", id="another scheme"),
        pytest.param("spec.model.inference.modelFile", "../model.pdmodel", id="a file above its folder"),
        pytest.param("spec.model.inference.modelFile", "a/../../model.pdmodel", id="a way out of the folder"),
        pytest.param("spec.model.inference.paramsFile", "/etc/passwd", id="an absolute file"),
        pytest.param("spec.dataset.valList", "lists//val.txt", id="an empty part"),
        pytest.param("spec.dataset.valList", "lists/", id="a folder for a file"),
        pytest.param("spec.dataset.valList", "", id="no name"),
        pytest.param("spec.dataset.numClasses", 1, id="one class"),
        pytest.param("spec.benchmark.runtimes", ["ONNXRuntime"] * 2, id="a runtime twice"),
        pytest.param("spec.exports", ["ONNX"] * 2, id="an export twice"),
        pytest.param("spec.exports", ["TFLite"], id="an unknown format"),
        pytest.param("spec.output.uri", f"s3://b-1/{900 * 'x'}", id="no room for a manifest's address"),
        pytest.param("spec.dataset.numClasses", 257, id="more classes than a mask holds"),
        pytest.param("spec.dataset.trainTransforms", [], id="no transforms"),
        pytest.param(
            "spec.dataset.trainTransforms", [{"target_size": 1}], id="a transform without its class"
        ),
        pytest.param("spec.acceptance.maxMiouDrop", "1.5", id="a gate above 1"),
        pytest.param("spec.acceptance.maxMiouDrop", "unlimited", id="another spelling of Unlimited"),
        pytest.param("spec.acceptance.minSparsity", "Unlimited", id="Unlimited for a least share"),
        pytest.param("spec.acceptance.maxMiouDrop", "1e-2", id="a gate with an exponent"),
        pytest.param(
            "spec.acceptance.maxClassIouDrop", "Unlimited", id="Unlimited where nothing is the same"
        ),
        pytest.param("spec.acceptance.maxBoundaryIouDrop", 0.02, id="a float for a gate"),
        pytest.param("spec.acceptance.maxSizeRatio", "0", id="no size at all"),
        pytest.param("spec.acceptance.maxSizeRatio", "0.00", id="no size, spelled out"),
        pytest.param(
            "spec.acceptance.minSpeedup", {"runtime": "ONNXRuntime", "ratio": "1000"}, id="a typing error"
        ),
        pytest.param("spec.acceptance.minSpeedup", {"ratio": "1.5"}, id="a speed-up on no runtime"),
        pytest.param(
            "spec",
            {
                **job()["spec"],
                "benchmark": {"runtimes": ["PaddleInference"]},
                "acceptance": {"minSpeedup": {"runtime": "ONNXRuntime", "ratio": "1.5"}},
            },
            id="a speed-up on a runtime that is not measured",
        ),
        pytest.param("spec.acceptance.maxMiouDrop", "-0.1", id="a gate below 0"),
        pytest.param("spec.benchmark.runtimes", [], id="no runtime"),
        pytest.param("spec.runtime.gpus", 2, id="more GPUs than one process uses"),
        pytest.param("spec.runtime.resources.limits.memory", "16 GB", id="no quantity"),
        pytest.param("spec.storage.secretRef.namespace", "other", id="another namespace's Secret"),
        pytest.param("spec.suspend", "true", id="a word for a boolean"),
        pytest.param("spec.preemptionLimit", -1, id="fewer than no preemptions"),
        pytest.param("spec.parallelism", 2, id="a field of another kind"),
        pytest.param("apiVersion", "segcompress.dev/v1", id="another version"),
    ],
)
def test_refused(path: str, value: object) -> None:
    with pytest.raises(ValidationError):
        read(path, value)


def test_a_transform_keeps_upstream_s_arguments() -> None:
    first = SegCompressionJob.model_validate(job()).spec.dataset.train_transforms[0]

    assert first.type == "Resize"
    assert first.arguments() == {"target_size": [192, 192]}


def test_a_job_is_frozen() -> None:
    spec = SegCompressionJob.model_validate(job()).spec

    with pytest.raises(ValidationError, match="frozen"):
        spec.seed = 1  # type: ignore[misc]  # that is the point

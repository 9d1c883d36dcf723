"""One line on a wrong spec: the path as the user writes it, what is wrong, what would be right."""

import pytest
from pydantic import ValidationError

from segcompress_api.errors import InvalidSpecError, invalid_spec, nearest, shown
from segcompress_api.job import SegCompressionJob
from unit.api.jobs import Body, changed, job


def sentence(body: Body) -> str:
    with pytest.raises(ValidationError) as caught:
        SegCompressionJob.model_validate(body, by_name=False)
    return str(invalid_spec(caught.value, SegCompressionJob))


_UNKNOWN = "is not a field of this version"


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        pytest.param("spec.datset", "did you mean dataset?", id="a field of the spec"),
        pytest.param("spec.backofLimit", "did you mean backoffLimit?", id="camelCase is suggested"),
        pytest.param(
            "spec.backoff_limit", "did you mean backoffLimit?", id="snake_case is no spelling of ours"
        ),
        pytest.param("spec.dataset.num_classes", "did you mean numClasses?", id="snake_case, nested"),
        pytest.param("spec.strategy.Quantisation", "did you mean Quantization?", id="a section"),
        pytest.param(
            "spec.strategy.trainConfig", "did you mean TrainConfig?", id="a section in another case"
        ),
        pytest.param(
            "spec.strategy.train_config", "did you mean TrainConfig?", id="a section's name in Python"
        ),
        pytest.param("spec.strategy.TrainConfig.epoch", "did you mean epochs?", id="a key of a section"),
        pytest.param(
            "spec.strategy.TrainConfig.evalIter", "did you mean eval_iter?", id="upstream's snake_case"
        ),
        pytest.param(
            "spec.strategy.UnstructurePrune.gmp_config.tuning_iterations",
            "did you mean tunning_iterations?",
            id="a key of gmp_config, as upstream spells it",
        ),
        pytest.param("spec.strategy.Distillation.lambda", "did you mean distill_lambda?", id="half a name"),
        pytest.param("spec.runtime.resources.request", "did you mean requests?", id="runtime.resources"),
        pytest.param("spec.storage.secretRef.key", None, id="nothing near: all are listed"),
        pytest.param("status.fase", "did you mean phase?", id="status"),
        pytest.param("sepc", "did you mean spec?", id="the top level"),
    ],
)
def test_an_unknown_key_names_the_nearest_right_one(path: str, remedy: str | None) -> None:
    said = sentence(changed(job(), path, 1))

    assert said.startswith(f"{path}: {_UNKNOWN}; ")
    if remedy is None:
        assert said.endswith("known are: name")
    else:
        assert said.endswith(remedy)


@pytest.mark.parametrize(
    ("path", "known"),
    [
        pytest.param("spec.strategy.zzz", "configUri", id="sections as the user writes them"),
        pytest.param("spec.dataset.zzz", "numClasses", id="camelCase"),
        pytest.param("spec.strategy.UnstructurePrune.zzz", "prune_params_type", id="snake_case"),
    ],
)
def test_an_unknown_key_with_nothing_near_lists_what_is_known(path: str, known: str) -> None:
    said = sentence(changed(job(), path, 1))

    assert f"{path}: {_UNKNOWN}; known are: " in said
    assert known in said


def test_a_misspelt_required_key_is_named_before_what_it_leaves_missing() -> None:
    body = changed(job(), "spec.strategy.UnstructurePrune.gmp_config.pruning_steps", None)
    body = changed(body, "spec.strategy.UnstructurePrune.gmp_config.prunning_steps", 100)

    assert sentence(body) == (
        f"spec.strategy.UnstructurePrune.gmp_config.prunning_steps: {_UNKNOWN}; did you mean pruning_steps?"
    )


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("spec", id="spec"),
        pytest.param("spec.model", id="a field"),
        pytest.param("spec.model.inference.uri", id="a nested field"),
        pytest.param("spec.dataset.numClasses", id="by its alias"),
        pytest.param("spec.storage.secretRef", id="the Secret"),
        pytest.param("spec.strategy.UnstructurePrune.gmp_config.initial_ratio", id="in a section"),
    ],
)
def test_a_missing_field_is_named_by_its_path(path: str) -> None:
    assert sentence(changed(job(), path, None)) == f"{path}: is required and missing"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param(
            "spec.strategy.TrainConfig.epochs",
            "many",
            "input should be a valid integer, got 'many'",
            id="a word for a number",
        ),
        pytest.param(
            "spec.strategy.TrainConfig.epochs",
            1.5,
            "input should be a valid integer, got 1.5",
            id="half an epoch",
        ),
        pytest.param(
            "spec.seed", -1, "input should be greater than or equal to 0, got -1", id="out of range"
        ),
        pytest.param(
            "spec.runtime.device", "TPU", "input should be 'GPU' or 'CPU', got 'TPU'", id="a choice"
        ),
        pytest.param("spec.dataset", [], "must be a mapping", id="a list for a mapping"),
        pytest.param("spec.strategy.TrainConfig", "x", "must be a mapping, got 'x'", id="no section"),
        pytest.param(
            "spec.dataset.classNames",
            ["background"],
            "classNames has 1 names for numClasses 2",
            id="one name too few",
        ),
        pytest.param(
            "spec.acceptance.maxMiouDrop",
            0.01,
            "input should be a valid string, got 0.01; put it in quotes",
            id="a float gate",
        ),
        pytest.param(
            "spec.dataset.numClasses",
            "2",
            "input should be a valid integer, got '2'; write it without quotes",
            id="a number in quotes",
        ),
        pytest.param(
            "spec.suspend",
            "true",
            "input should be a valid boolean, got 'true'; write it without quotes",
            id="a flag in quotes",
        ),
        pytest.param("spec.benchmark.runtimes", "MNN", "must be a list, got 'MNN'", id="a word for a list"),
        pytest.param("spec.benchmark.runtimes", [], "must have at least 1 item(s)", id="an empty list"),
        pytest.param(
            "spec.acceptance.minSpeedup", "1.3", "must be a mapping, got '1.3'", id="a number for a mapping"
        ),
    ],
)
def test_a_wrong_value_is_shown_beside_what_would_be_right(path: str, value: object, problem: str) -> None:
    said = sentence(changed(job(), path, value))

    assert said.startswith(path if "classNames" not in path else "spec.dataset: ")
    assert problem in said


def test_an_item_of_a_list_is_named_by_its_index() -> None:
    body = changed(job(), "spec.benchmark.runtimes", ["PaddleInference", "TensorRT"])

    assert sentence(body) == (
        "spec.benchmark.runtimes[1]: input should be 'PaddleInference', 'ONNXRuntime', 'OpenVINO' or 'MNN', "
        "got 'TensorRT'"
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("spec.seed", "a\nb\r\nc\u2028d\x1b[31m", id="a value with lines and colours"),
        pytest.param("spec.a\nTraceback:\n\x00", 1, id="a key with lines"),
        pytest.param("spec.seed", "x" * 100_000, id="a long value"),
        pytest.param("spec." + "k" * 100_000, 1, id="a long key"),
    ],
)
def test_a_sentence_is_one_printable_line_of_bounded_length(path: str, value: object) -> None:
    said = sentence(changed(job(), path, value))

    assert said.isprintable()
    assert len(said) <= 1000


def test_the_error_keeps_its_parts() -> None:
    error = InvalidSpecError("spec.seed", "is wrong", "give 0")

    assert (error.field, error.problem, error.remedy) == ("spec.seed", "is wrong", "give 0")
    assert str(error) == "spec.seed: is wrong; give 0"
    assert str(InvalidSpecError("spec.seed", "is wrong")) == "spec.seed: is wrong"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Ratoi", "ratio", id="misspelt"),
        pytest.param("RATIO", "ratio", id="another case"),
        pytest.param("epochs", None, id="nothing near"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_nearest_name(name: str, expected: str | None) -> None:
    assert nearest(name, ["ratio", "threshold"]) == expected


def test_shown_cuts_long_values() -> None:
    assert shown("short") == "'short'"
    assert len(shown(["x"] * 1000)) == 81


def test_everything_that_is_wrong_is_told_but_nothing_twice() -> None:
    body = changed(changed(job(), "spec.seed", "x"), "spec.backoffLimit", -1)
    body["spec"]["dataset"]["numClases"] = body["spec"]["dataset"].pop("numClasses")
    with pytest.raises(ValidationError) as caught:
        SegCompressionJob.model_validate(body, by_name=False)
    first = invalid_spec(caught.value, SegCompressionJob)
    assert first.field == "spec.dataset.numClases"
    assert {other.field for other in first.others} == {"spec.seed", "spec.backoffLimit"}


def test_a_list_of_a_wrong_item_is_not_called_too_short_as_well() -> None:
    with pytest.raises(ValidationError) as caught:
        SegCompressionJob.model_validate(changed(job(), "spec.benchmark.runtimes", ["mnn"]), by_name=False)
    said = invalid_spec(caught.value, SegCompressionJob)

    assert said.field == "spec.benchmark.runtimes[0]"
    assert said.others == ()


@pytest.mark.parametrize(
    ("path", "value", "remedy"),
    [
        pytest.param(
            "spec.output.uri",
            "/data/out",
            "got '/data/out'; it is: Folder in which each run gets a folder of its own: s3://bucket/prefix/.",
            id="an address",
        ),
        pytest.param(
            "spec.acceptance.maxMiouDrop",
            "1%",
            "got '1%'; it is: Maximum loss of mIoU against the baseline, as a decimal string: \"0.01\". "
            'Default: "0.02"; Unlimited accepts any loss.',
            id="a gate",
        ),
        pytest.param("spec.runtime.resources.limits.cpu", "two", "got 'two'", id="a key of no field"),
    ],
)
def test_a_text_of_another_form_is_refused_with_what_the_field_is(path: str, value: str, remedy: str) -> None:
    assert sentence(changed(job(), path, value)).endswith(remedy)

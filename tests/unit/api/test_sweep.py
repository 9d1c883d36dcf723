"""What a user may ask of a sweep, and the fields that a path may lead to."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import JobSpec
from segcompress_api.parameters import Parameter
from segcompress_api.paths import UNSWEPT_FIELDS, kind_at
from segcompress_api.status import Metrics
from segcompress_api.sweep import Constraint, SweepSpec
from segcompress_api.sweep_status import MetricName
from unit.operator.sweeps.sweep_samples import RATE, spec_body

FIELD = "spec.parameters[0].path"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        pytest.param("strategy.UnstructurePrune.ratio", "Json", id="number"),
        pytest.param("strategy.UnstructurePrune.gmp_config.pruning_steps", "Whole", id="whole number"),
        pytest.param("acceptance.maxMiouDrop", "Text", id="decimal string"),
        pytest.param("strategy.preset", "Text", id="one of some words"),
        pytest.param("strategy.TrainConfig.learning_rate", "Json", id="free-form leaf"),
        pytest.param("strategy.TrainConfig.learning_rate.gamma", "Json", id="below a free-form leaf"),
        pytest.param("runtime.resources.limits.cpu", "Text", id="key of a mapping"),
        pytest.param("strategy.UnstructurePrune.sparse_block", "Json", id="list"),
        pytest.param("strategy", "Json", id="section"),
    ],
)
def test_what_a_field_holds(path: str, kind: str) -> None:
    assert kind_at(path, FIELD) == kind


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        pytest.param(
            "strategy.UnstructurePrune.ration", "did you mean strategy.UnstructurePrune.ratio?", id="key"
        ),
        pytest.param("UnstructurePrune.ratio", "did you mean strategy.UnstructurePrune.ratio?", id="section"),
        pytest.param("spec.seed", "did you mean seed?", id="prefix"),
        pytest.param("seed.x", "did you mean seed?", id="below a number"),
        pytest.param("q", "known are: model, dataset, strategy, benchmark", id="nothing near"),
    ],
)
def test_a_wrong_path_names_the_nearest_right_one(path: str, remedy: str) -> None:
    with pytest.raises(InvalidSpecError) as raised:
        kind_at(path, FIELD)
    assert str(raised.value).startswith(
        f"{FIELD}: {path} is not a field of a SegCompressionJob's spec; {remedy}"
    )


@pytest.mark.parametrize("path", sorted(UNSWEPT_FIELDS))
def test_fields_that_change_no_model_are_not_swept(path: str) -> None:
    assert path in {info.alias for info in JobSpec.model_fields.values()}
    with pytest.raises(InvalidSpecError, match=f"{path} cannot be swept"):
        kind_at(path, FIELD)


@pytest.mark.parametrize("name", get_args(MetricName))
def test_every_metric_is_a_figure_of_a_job(name: str) -> None:
    model: Any = Metrics
    *parents, last = name.split(".")
    for part in parents:
        info = next(i for i in model.model_fields.values() if i.alias == part)
        model = next(
            each for each in get_args(info.annotation) or (info.annotation,) if each is not type(None)
        )
    assert last in {info.alias for info in model.model_fields.values()}


def parameter(**fields: Any) -> dict[str, Any]:
    return {"name": "x", "path": "seed", **fields}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({}, "give exactly one of values and range", id="no domain"),
        pytest.param(
            {"values": ["1"], "range": {"min": "1", "max": "2"}},
            "give exactly one of values and range",
            id="two domains",
        ),
        pytest.param({"range": {"min": "2", "max": "2"}}, "max must be greater than min", id="empty"),
        pytest.param(
            {"range": {"min": "0", "max": "2", "scale": "Log"}}, "min must be greater than 0", id="log of 0"
        ),
        pytest.param(
            {"range": {"min": "0", "max": "2", "step": "0"}}, "step must be greater than 0", id="step 0"
        ),
        pytest.param(
            {"range": {"min": "1", "max": "2", "step": "1", "scale": "Log"}},
            "requires scale Linear",
            id="log step",
        ),
        pytest.param({"range": {"min": "inf", "max": "2"}}, "match pattern", id="no number"),
        pytest.param({"values": []}, "at least 1 item", id="no values"),
    ],
)
def test_a_wrong_domain_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Parameter.model_validate(parameter(**fields))


@pytest.mark.parametrize("bounds", [{}, {"min": "1", "max": "2"}])
def test_a_constraint_has_one_bound(bounds: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="give exactly one of max and min"):
        Constraint.model_validate({"metric": "speedup", **bounds})


def test_a_grid_needs_points_that_can_be_counted() -> None:

    with pytest.raises(
        ValidationError, match="parameter lr: algorithm Grid requires values, or a range with a step"
    ):
        SweepSpec.model_validate(spec_body(parameters=[RATE]), by_name=False)


def known(**changes: Any) -> SweepSpec:
    return SweepSpec.model_validate(spec_body(**{"algorithm": {"name": "TPE"}, **changes}), by_name=False)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        pytest.param({}, "at least 1 item", id="none"),
        pytest.param({"model": "a,b"}, "match pattern", id="two selectors in a value"),
        pytest.param({"a,b": "1"}, "a,b must be the key of a label", id="two selectors in a key"),
        pytest.param({"/model": "1"}, "/model must be the key of a label", id="no prefix"),
        pytest.param({"x" * 64: "1"}, "must be the key of a label", id="long key"),
    ],
)
def test_labels_that_no_job_can_have_are_refused(labels: dict[str, str], words: str) -> None:
    assert known(knownTrials={"matchLabels": {"example.com/model": "lite_2", "old": ""}}).known_trials
    with pytest.raises(ValidationError, match=words):
        known(knownTrials={"matchLabels": labels})


@pytest.mark.parametrize("name", ["Grid", "Random"])
def test_known_trials_are_refused_where_nothing_learns_from_them(name: str) -> None:
    with pytest.raises(ValidationError, match="knownTrials has no effect unless algorithm is TPE or NSGAII"):
        known(algorithm={"name": name}, knownTrials={"matchLabels": {"model": "lite"}})


EARLY = {"name": "ASHA", "startStep": 400}


@pytest.mark.parametrize(
    ("metric", "goal", "good"),
    [
        ("compressed.miou", "Maximize", True),
        ("miouDrop", "Minimize", True),
        ("compressed.miou", "Minimize", False),
        ("compressed.boundaryIou", "Maximize", False),
        ("speedup", "Maximize", False),
    ],
)
def test_early_stopping_needs_an_objective_that_trainings_report(
    metric: str, goal: str, *, good: bool
) -> None:
    given = spec_body(objectives=[{"metric": metric, "goal": goal}], earlyStopping=EARLY)
    if good:
        assert SweepSpec.model_validate(given, by_name=False).early_stopping is not None
        return
    with pytest.raises(ValidationError, match=r"earlyStopping requires the objective compressed\.miou"):
        SweepSpec.model_validate(given, by_name=False)

"""What the operator checks of a spec before it makes anything."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcompress_api.contract import RunConfig
from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import SPEC_LIMIT, JobSpec
from segcompress_operator.planning.parsing import depth
from segcompress_operator.planning.spec import check_spec, parse_spec, strategy_name
from unit.operator.samples import SETTINGS, SPEC, make_resource, spec_with


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        ({"UnstructurePrune": {"ratio": 0.5}, "TrainConfig": {}}, "UnstructurePrune"),
        ({"QuantAware": {"weight_bits": 8}}, "QuantAware"),
        ({"Quantization": {"weight_bits": 8}}, "QuantAware"),
        ({"QuantAware": {}}, "QuantAware"),
        ({"QuantAware": {}, "UnstructurePrune": {"ratio": 0.5}}, "UnstructurePrune+QuantAware"),
        ({"QuantPost": {}}, "QuantPost"),
        ({"configUri": "s3://conf/act.yaml"}, "configUri"),
        ({"preset": "QuantDistillation"}, "QuantDistillation"),
        ({"TrainConfig": {"epochs": 1}}, None),
        ("a sentence", None),
    ],
)
def test_strategy_is_called_by_its_current_name(strategy: object, name: str | None) -> None:
    assert strategy_name(json.dumps({"strategy": strategy}).encode()) == name
    assert strategy_name(b"") is None


JSON = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\é '),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('[{"\\'), inner),
)


@given(JSON)
def test_depth_is_that_of_the_value(value: object) -> None:
    def levels(part: object) -> int:
        if isinstance(part, dict):
            return 1 + max(map(levels, part.values()), default=0)
        return 1 + max(map(levels, part), default=0) if isinstance(part, list) else 0

    assert depth(json.dumps(value).encode()) == levels(value)


@pytest.mark.parametrize("levels", [63, 197, 400])
def test_spec_that_is_nested_deep_is_refused_naming_its_part(levels: int) -> None:
    node: object = "relu_30.tmp_0"
    for _ in range(levels):
        node = [node]
    with pytest.raises(InvalidSpecError) as refused:
        parse_spec(make_resource(spec=spec_with(strategy={"Distillation": {"node": node}})))
    assert str(refused.value) == "spec.strategy.Distillation.node: must be nested at most 64 levels deep"


def test_a_spec_may_hold_many_lists_that_are_not_nested_deep() -> None:
    node = [[f"relu_{number}.tmp_0"] for number in range(100)]
    assert parse_spec(make_resource(spec=spec_with(strategy={**SPEC["strategy"], "Global": {"a": node}})))


def test_what_the_operator_takes_the_runner_can_read() -> None:
    node: object = "relu_30.tmp_0"
    for _ in range(61):
        node = {"a": node}
    spec = parse_spec(make_resource(spec=spec_with(strategy={**SPEC["strategy"], "Global": node})))
    config = RunConfig(namespace="n", name="n", uid="u", start=1, spec=spec)
    assert RunConfig.model_validate_json(config.model_dump_json(by_alias=True)) == config


def test_storage_is_required_in_a_cluster() -> None:
    with pytest.raises(InvalidSpecError) as refused:
        check_spec(JobSpec.model_validate(spec_with(storage=None)), {}, SETTINGS)
    assert str(refused.value) == (
        "spec.storage: is required in a cluster and missing; such as {secretRef: {name: object-store}}"
    )


def spec_of(size: int) -> JobSpec:
    """Return a spec of so many bytes, its defaults included."""

    def padded(text: str) -> JobSpec:
        strategy = {**SPEC["strategy"], "Global": {"note": text}}
        return JobSpec.model_validate(spec_with(strategy=strategy))

    empty = len(padded("").model_dump_json(by_alias=True, exclude_none=True))
    return padded("x" * (size - empty))


def test_a_spec_may_be_as_large_as_the_limit_and_no_larger() -> None:
    check_spec(spec_of(SPEC_LIMIT), {}, SETTINGS)
    with pytest.raises(InvalidSpecError) as refused:
        check_spec(spec_of(SPEC_LIMIT + 1), {}, SETTINGS)
    message = str(refused.value)
    assert message.startswith(
        "spec: must be at most 32768 bytes as JSON; most of it is spec.strategy.Global.note ("
    )
    assert message.endswith(
        "; sections of a strategy may be a file of their own, named by spec.strategy.configUri"
    )

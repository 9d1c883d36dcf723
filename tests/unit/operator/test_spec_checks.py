"""What the operator checks of a spec before it makes anything."""

import json

import pytest

from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import SPEC_LIMIT, JobSpec
from segcompress_operator.planning.spec import check_spec, strategy_name
from unit.operator.samples import SETTINGS, SPEC, spec_with


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

"""Presets: sections that are right for the model and the data at hand, and equal for equal facts."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcompress_api.act_settings import (
    ChannelSettings,
    PruneSettings,
    QuantPostSettings,
    QuantSettings,
    check_length,
    settings_of,
)
from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import JobSpec
from segcompress_api.presets import Facts, PresetName, preset_strategy
from segcompress_api.strategy import Strategy
from unit.api.act_files import FILES, TRAIN, complaint
from unit.api.jobs import changed, job

NAMES: tuple[PresetName, ...] = get_args(PresetName)
LITE = Facts(126_066, 48, 0.8, frozenset({"conv2d", "depthwise_conv2d"}), 2000, 16)
FACTS = st.builds(
    Facts,
    parameters=st.integers(1, 10**9),
    layers=st.integers(1, 1000),
    pointwise=st.floats(0, 1),
    kinds=st.sets(st.sampled_from(["conv2d", "matmul_v2", "lookup_table"]), min_size=1).map(
        lambda kinds: frozenset(kinds | {"conv2d"})
    ),
    pictures=st.integers(1, 10**6),
    batch_size=st.integers(1, 1024),
)


@given(st.sampled_from(NAMES), FACTS)
@settings(deadline=None, database=None, max_examples=100)
def test_every_model_and_amount_of_data_gets_a_right_strategy(name: PresetName, facts: Facts) -> None:
    """Among others its ramp has enough iterations a step, and is no longer than its training."""
    read = settings_of(preset_strategy(name, facts), FILES)

    assert read.notes == ()
    assert preset_strategy(name, facts) == preset_strategy(name, facts)
    if read.train is not None:
        check_length(read, read.train.total_iterations(1))


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("SparseDistillation", PruneSettings),
        ("QuantDistillation", QuantSettings),
        ("PostTrainingQuantization", QuantPostSettings),
        ("ChannelPrune", ChannelSettings),
    ],
)
def test_each_preset_is_one_strategy(name: PresetName, step: type) -> None:
    read = settings_of(preset_strategy(name, LITE), FILES)

    assert [type(one) for one in read.steps] == [step]
    assert (read.train is None) == (name == "PostTrainingQuantization")


def iterations(name: PresetName, **changes: Any) -> int:
    return settings_of(preset_strategy(name, replace(LITE, **changes)), FILES).training.total_iterations(1)


def test_more_data_trains_longer_within_bounds() -> None:
    assert [iterations("SparseDistillation", pictures=count) for count in (1, 500, 10**6)] == [400, 620, 9000]
    assert [iterations("QuantDistillation", pictures=count) for count in (1, 500, 10**6)] == [100, 310, 2000]


def peak(name: PresetName, **changes: Any) -> float:
    rate = settings_of(preset_strategy(name, replace(LITE, **changes)), FILES).training.learning_rate
    assert isinstance(rate, dict)
    return float(rate["max_learning_rate"])


def test_the_rate_is_lower_for_large_models_and_for_quantisation() -> None:
    assert peak("SparseDistillation", parameters=10**7) < peak("SparseDistillation") == 0.001
    assert peak("QuantDistillation", parameters=10**7) < peak("QuantDistillation") == 0.00005


@pytest.mark.parametrize(
    ("changes", "ratio", "only_1x1"),
    [
        pytest.param({}, 0.75, True, id="a light model"),
        pytest.param({"parameters": 50_000}, 0.5, True, id="a tiny one"),
        pytest.param({"pointwise": 0.03}, 0.75, False, id="one without 1x1 convolutions"),
    ],
)
def test_what_is_pruned_follows_from_the_layers(
    changes: dict[str, Any], ratio: float, *, only_1x1: bool
) -> None:
    (step,) = settings_of(preset_strategy("SparseDistillation", replace(LITE, **changes)), FILES).steps

    assert isinstance(step, PruneSettings)
    assert (step.ratio, step.only_1x1, step.local) == (ratio, only_1x1, True)


def test_a_small_model_loses_fewer_channels() -> None:
    def ratio(parameters: int) -> float | None:
        strategy = preset_strategy("ChannelPrune", replace(LITE, parameters=parameters))
        (step,) = settings_of(strategy, FILES).steps
        assert isinstance(step, ChannelSettings)
        return step.ratio

    assert (ratio(50_000), ratio(10**6)) == (0.125, 0.25)


def test_calibration_looks_at_what_there_is_up_to_a_bound() -> None:
    def most(pictures: int) -> int | None:
        strategy = preset_strategy("PostTrainingQuantization", replace(LITE, pictures=pictures))
        (step,) = settings_of(strategy, FILES).steps
        assert isinstance(step, QuantPostSettings)
        return step.most

    assert (most(48), most(5000)) == (48, 320)


def test_only_operators_of_the_model_are_quantised() -> None:
    facts = replace(LITE, kinds=frozenset({"conv2d", "matmul_v2", "lookup_table"}))
    section = preset_strategy("QuantDistillation", facts).quant_aware

    assert section is not None
    assert section.quantize_op_types == ("conv2d", "matmul_v2")


def test_a_model_without_such_layers_is_refused() -> None:
    with pytest.raises(
        InvalidSpecError, match=r"^spec\.strategy\.preset: QuantDistillation is for models with"
    ):
        preset_strategy("QuantDistillation", replace(LITE, kinds=frozenset({"lookup_table"})))
    with pytest.raises(InvalidSpecError, match=r"ChannelPrune is for models with layers of type conv2d$"):
        preset_strategy("ChannelPrune", replace(LITE, kinds=frozenset({"matmul_v2"})))


@pytest.mark.parametrize("other", ["configUri", "TrainConfig", "QuantAware", "Distillation"])
def test_a_preset_stands_alone(other: str) -> None:
    value = "s3://models/act.yaml" if other == "configUri" else {}
    with pytest.raises(ValueError, match="cannot be combined with"):
        Strategy.model_validate({"preset": "QuantDistillation", other: value}, by_name=False)


def test_a_file_names_no_preset() -> None:
    assert complaint(TRAIN + "preset: QuantDistillation\n") == (
        "spec.strategy.preset: belongs in a job, not in an ACT file; set spec.strategy.preset"
    )


def test_a_preset_that_prunes_nothing_takes_no_least_sparsity() -> None:
    for name in NAMES:
        spec = changed(job(), "spec.strategy", {"preset": name})["spec"] | {
            "acceptance": {"minSparsity": "0.7"}
        }
        if name == "SparseDistillation":
            assert JobSpec.model_validate(spec, by_name=False).strategy.preset == name
        else:
            with pytest.raises(ValueError, match="requires UnstructurePrune or ASPPrune"):
                JobSpec.model_validate(spec, by_name=False)

"""What a sweep's own checks and the API server refuse, and the messages."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from segcompress_operator.planning.plan import FIRST_TRY_SECONDS, Refusal
from segcompress_operator.planning.sweeps.observed import SPEC_LIMIT
from unit.operator.samples import NOW, spec_with
from unit.operator.sweeps.sweep_samples import (
    RATIO,
    SEED,
    P,
    again,
    child,
    conditions,
    message,
    plan,
    spec_body,
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"parameters": [{**RATIO, "path": "strategy.UnstructurPrune.ratio"}]},
            "spec.parameters[0].path: strategy.UnstructurPrune.ratio is not a field of a SegCompressionJob's "
            "spec; did you mean strategy.UnstructurePrune.ratio?",
            id="wrong path",
        ),
        pytest.param(
            {"parameters": [{**RATIO, "values": ["0.5", "1.5"]}]},
            "spec.parameters: a trial with ratio 1.5 is not valid: spec.strategy.UnstructurePrune.ratio: "
            "input should be less than 1, got 1.5",
            id="wrong value",
        ),
        pytest.param(
            {"parameters": [{**SEED, "path": "strategy.TrainConfig.learning_rate", "values": ["fast"]}]},
            "spec.parameters: a trial with seed fast is not valid: "
            "spec.strategy.TrainConfig.learning_rate: must be a positive number, got 'fast'",
            id="free-form leaf",
        ),
        pytest.param(
            {"template": {"spec": spec_with(runtime={"device": "CPU", "image": "evil:1"})}},
            "spec.parameters: a trial with ratio 0.5, seed 1 is not valid: "
            "spec.runtime.image: evil:1 is not allowed; allowed: none (the chart's "
            "runner.allowed.imagePrefixes)",
            id="more than the settings allow",
        ),
    ],
)
def test_a_wrong_spec_is_one_condition_before_any_trial(changes: dict[str, Any], words: str) -> None:
    made = plan(spec=spec_body(**changes))
    assert made.create == ()
    assert conditions(made)["Ready"] == "False"
    reason, said = message(made, "Stalled")
    assert (reason, said) == ("InvalidSpec", words)


def test_a_wrong_combination_ends_the_sweep_and_names_itself() -> None:
    block = {
        "name": "block",
        "path": "strategy.UnstructurePrune.sparse_block",
        "values": ["[1, 1]", "[4, 1]"],
    }
    kind = {"name": "mode", "path": "strategy.UnstructurePrune.prune_params_type", "values": ["conv1x1_only"]}
    made = plan(spec=spec_body(parameters=[block, kind]))
    assert len(made.create) == 2
    made = plan(spec=spec_body(parameters=[block]))
    assert message(made, "Stalled")[1].startswith("spec.parameters: a trial with block [4, 1] is not valid")


def test_a_spec_that_is_too_large_is_refused() -> None:
    made = plan(spec={**spec_body(), "junk": "x" * SPEC_LIMIT})
    assert message(made, "Stalled")[1].startswith(f"spec: must be at most {SPEC_LIMIT} bytes")


def nested(depth: int) -> Any:
    """Return lists within one another."""
    return 0.5 if depth == 0 else [nested(depth - 1)]


@pytest.mark.parametrize("levels", [64, 150, 250])
def test_a_template_nested_too_deep_is_refused(levels: int) -> None:
    spec = spec_with()
    spec["strategy"]["TrainConfig"]["learning_rate"] = nested(levels)
    made = plan(spec=spec_body(template={"spec": spec}))
    assert made.create == ()
    where = "spec.template.spec.strategy.TrainConfig"
    assert message(made, "Stalled") == ("InvalidSpec", f"{where}: must be nested at most 64 levels deep")


def test_a_value_nested_too_deep_is_refused() -> None:
    text = "[" * 100 + "]" * 100
    rate = {"name": "rate", "path": "strategy.TrainConfig.learning_rate", "values": [text]}
    reason, words = message(plan(spec=spec_body(parameters=[rate])), "Stalled")
    assert reason == "InvalidSpec"
    assert words.endswith(
        "is not valid: spec.strategy.TrainConfig.learning_rate: must be nested at most 64 levels deep"
    )


def refusal(*, final: bool) -> Refusal:
    return Refusal("Trial", "trial t-0 was not created: exceeded quota", NOW, final=final)


def test_a_refused_trial_is_tried_again_later() -> None:
    made = plan(refusal=refusal(final=False))
    assert made.create == ()
    assert made.requeue_after == FIRST_TRY_SECONDS
    assert message(made, "Reconciling") == ("QuotaExceeded", "trial t-0 was not created: exceeded quota")


def test_a_refused_trial_takes_no_event_from_the_sweep() -> None:
    """A quota has room for the first trial alone; later, somebody suspends and resumes the sweep."""
    made = plan(child(0, P[0]), refusal=refusal(final=False))
    assert [said.reason for said in made.announcements] == ["Started"]
    held = again(plan(child(0, P[0]), spec=spec_body(suspend=True), status=again(made)))
    resumed = plan(child(0, P[0]), status=held, refusal=refusal(final=False))
    assert [said.reason for said in resumed.announcements] == ["Resumed"]
    assert plan(child(0, P[0]), status=again(resumed), refusal=refusal(final=False)).announcements == ()


@pytest.mark.parametrize(("hours", "wait"), [(0, 15), (1, 60)])
def test_a_trial_refused_for_long_is_tried_every_minute(hours: int, wait: float) -> None:
    first = Refusal("Trial", "exceeded quota", NOW - timedelta(hours=hours))
    made = plan(refusal=refusal(final=False).after(first))
    assert (made.create, made.requeue_after) == ((), wait)
    later = replace(first, seen=NOW - timedelta(seconds=wait), since=first.seen)
    assert plan(refusal=later).create != ()


def test_a_trial_that_no_retry_can_make_ends_the_sweep() -> None:
    assert message(plan(refusal=refusal(final=True)), "Stalled")[0] == "InvalidSpec"


def test_a_job_in_the_way_ends_the_sweep() -> None:
    reason, words = message(plan(conflict="widths-x-0"), "Stalled")
    assert reason == "NameConflict"
    assert words.startswith("SegCompressionJob widths-x-0 exists and belongs to something else")

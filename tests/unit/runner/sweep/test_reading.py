"""What counts as a sweep and its trials."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sweeps
from segcompress_api.trials import point_of
from segcompress_runner.errors import InputNotFoundError, InvalidInputError
from segcompress_runner.outputs.sweep.reading import read_sweep
from sweeps import NAME, NAMESPACE, UID, Sweep, body, job

Body = dict[str, Any]
FOUR = Sweep(trials=4)


def printed(*objects: Body) -> str:
    return json.dumps({"kind": "List", "items": objects})


def indices(text: str) -> list[int]:
    return [one.trial.index for one in read_sweep(text, "-", NAME).trials]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(printed(*(job(FOUR, at) for at in (3, 1, 0, 2)), body()), id="one list, in any order"),
        pytest.param(
            json.dumps(body()) + "\n" + printed(*(job(FOUR, at) for at in range(4))), id="one after another"
        ),
        pytest.param("\n".join(map(json.dumps, [body(), *(job(FOUR, at) for at in range(4))])), id="lines"),
    ],
)
def test_sweep_is_found_with_its_trials_in_order(text: str) -> None:
    assert indices(text) == [0, 1, 2, 3]


def changed(**meta: Any) -> Body:
    made = job(FOUR, 1)
    return {**made, "metadata": {**made["metadata"], **meta}}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(changed(name="humanseg-impostor-1"), id="name of another"),
        pytest.param(changed(ownerReferences=[]), id="without an owner"),
        pytest.param(changed(ownerReferences=[{"uid": "other", "controller": True}]), id="of another sweep"),
        pytest.param(changed(ownerReferences=[{"uid": UID}]), id="owner that is no controller"),
        pytest.param(changed(labels={"segcompress.dev/trial": "-1"}), id="index that is none"),
        pytest.param(changed(labels=None), id="without labels"),
        pytest.param(changed(namespace="other"), id="in another namespace"),
        pytest.param({"kind": "ConfigMap", "metadata": {"name": "x"}}, id="another kind"),
    ],
)
def test_what_is_no_trial_of_the_sweep_is_left_out(other: Body) -> None:
    assert indices(printed(body(), job(FOUR, 0), other)) == [0]


def test_trial_is_known_by_point_figures_and_state() -> None:
    one = read_sweep(sweeps.text(FOUR), "-", NAME).trials[1]
    assert one.trial.state == "Succeeded"
    assert set(one.trial.point) == {"ratio", "rate"}
    assert float(one.trial.figures["compressed.miou"]) < float(one.trial.figures["baseline.miou"])
    assert one.trial.figures["compressed.sizeBytes"].isdecimal()


def test_trial_that_goes_on_has_no_figures_yet() -> None:
    going = read_sweep(sweeps.text(Sweep(trials=9, ended=False)), "-", NAME).trials[8]
    assert (going.trial.state, going.trial.figures) == ("Running", {})


def broken(change: Callable[[Body], None]) -> str:
    made = body()
    change(made)
    return printed(made)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        pytest.param("{", InvalidInputError, r"FILE: must be JSON, but is not \(Expecting", id="syntax"),
        pytest.param("[1]", InvalidInputError, "must hold objects of Kubernetes, got a list", id="array"),
        pytest.param(
            "", InputNotFoundError, "holds no SegCompressionSweep humanseg; it holds: none", id="empty"
        ),
        pytest.param(
            broken(lambda made: made["metadata"].update(name="other")),
            InputNotFoundError,
            "it holds: other",
            id="other name",
        ),
        pytest.param(
            broken(lambda made: made["spec"].update(budget=3)),
            InvalidInputError,
            r"SegCompressionSweep humanseg: spec\.budget: Extra inputs .*another version",
            id="unknown field",
        ),
        pytest.param(
            printed(body(), {**body(), "metadata": {"name": NAME, "namespace": "b", "uid": "c"}}),
            InvalidInputError,
            "in several namespaces; choose one by --namespace",
            id="two namespaces",
        ),
    ],
)
def test_what_cannot_be_read_is_named(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_sweep(text, "FILE", NAME)


ODD: tuple[Any, ...] = (None, True, 5, "x", [], ["x"], {}, {"x": 1}, [{"x": 1}])


def replaced(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield copies of a JSON value in which one of its parts is something odd, each with the part's place."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            for place, other in replaced(part):
                copy = value.copy()
                copy[key] = other
                yield f"{key}.{place}", copy
    yield from ((repr(odd), odd) for odd in ODD)


def test_whatever_stands_where_something_else_is_expected_is_one_error() -> None:
    document = {"kind": "List", "items": [body(), job(FOUR, 0), job(FOUR, 1)]}
    refusals = {place: refusal(json.dumps(odd)) for place, odd in replaced(document)}
    assert [place for place, said in refusals.items() if said and not said.startswith("FILE: ")] == []
    assert [place for place, said in refusals.items() if len(said.splitlines()) > 1] == []
    assert sum(map(bool, refusals.values())) > 500


def refusal(text: str) -> str:
    """Return the error's message, "" where the text is read."""
    try:
        read_sweep(text, "FILE", NAME)
    except (InvalidInputError, InputNotFoundError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{"kind": "List", "items": 5}', "items must be a list, got a int", id="items"),
        pytest.param("[" * 100_000, "FILE: is nested too deep", id="nesting"),
        pytest.param(
            printed({"kind": "SegCompressionSweep", "metadata": [1]}),
            "FILE: SegCompressionSweep: metadata: Input should be",
            id="metadata",
        ),
        pytest.param(
            printed(body(), changed(ownerReferences={"uid": 1})),
            r"SegCompressionJob: metadata\.ownerReferences: Input should be",
            id="references",
        ),
    ],
)
def test_wrong_types_are_named(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_sweep(text, "FILE", NAME)


def test_index_of_many_digits_is_no_trial() -> None:
    assert indices(printed(body(), changed(labels={"segcompress.dev/trial": "1" * 5000}))) == []


def test_namespace_chooses_between_sweeps_of_one_name() -> None:
    other = {**body(), "metadata": {"name": NAME, "namespace": "b", "uid": "c"}}
    assert read_sweep(printed(other, body()), "-", NAME, NAMESPACE).uid == UID


def test_status_of_another_version_is_named_with_its_trial() -> None:
    other = job(FOUR, 1)
    other["status"]["mood"] = "good"
    with pytest.raises(InvalidInputError, match=rf"SegCompressionJob {NAME}-.*-1: status\.mood: "):
        indices(printed(body(), other))


@pytest.mark.parametrize("annotation", ["{", "[1]", '{"ratio": 1}', "[" * 100_000], ids=len)
def test_what_somebody_wrote_into_the_annotation_is_no_point(annotation: str) -> None:
    assert point_of(annotation) == {}

"""The CRD's schema and the types take and refuse the same specs; made samples, see `specs`.

The rules of the CRD across fields need an API server (tests/integration/api/test_agreement.py): here a spec
that only such a rule refuses counts as taken by the schema.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, validators
from pydantic import ValidationError

from segcompress_api.job import JobSpec
from unit.api.changes import Sample, changed_specs
from unit.api.differences import LAXER, STRICTER, may_differ, refusal
from unit.api.specs import Spec, places, right_specs
from unit.api.values import SCHEMA, Schema, full

EXAMPLES = settings(max_examples=100, deadline=None, database=None)


def closed(schema: Schema) -> Schema:
    """Return the schema as the API server reads it: unknown keys refused, `$` the end of the text."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: closed(inner) for name, inner in schema["properties"].items()}
        result["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            result[inner] = closed(schema[inner])
    if "pattern" in schema:
        result["pattern"] = schema["pattern"].replace("$", r"\Z")
    result["uniqueItems"] = schema.get("x-kubernetes-list-type") == "set"
    return result


def _is_whole(_: object, value: object) -> bool:
    """Return whether the API server takes a value for a whole number: 8.0 is one."""
    return not isinstance(value, bool) and isinstance(value, int | float) and value == int(value)


VALIDATOR = validators.extend(  # type: ignore[no-untyped-call]
    Draft4Validator, type_checker=Draft4Validator.TYPE_CHECKER.redefine("integer", _is_whole)
)(closed(SCHEMA))


def without_nulls(value: Any) -> Any:
    """Return `value` as the API server keeps it: a key whose value is null is dropped."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def breaks_a_rule(spec: Any) -> bool:
    """Return whether the types refuse the spec for more than one field's value alone."""
    try:
        JobSpec.model_validate(spec, by_name=False)
    except ValidationError as error:
        return all(each["type"] == "value_error" for each in error.errors())
    return True


@EXAMPLES
@given(right_specs())
def test_right_specs_are_taken_by_both(spec: Spec) -> None:
    assert refusal(spec) == ""
    assert [error.message for error in VALIDATOR.iter_errors(spec)] == []


@EXAMPLES
@given(changed_specs())
def test_both_agree_on_a_spec_with_one_place_changed(sample: Sample) -> None:
    wrong = [error.message for error in VALIDATOR.iter_errors(without_nulls(sample.spec))]
    refused = refusal(sample.spec)
    if bool(wrong) == bool(refused) or may_differ(sample.path, sample.change, stricter=bool(refused)):
        return
    assert refused, (sample.path, sample.change, wrong)
    assert breaks_a_rule(sample.spec), (sample.path, sample.change, refused)


def test_places_that_may_differ_exist() -> None:
    assert {*STRICTER, *LAXER} - {place.path for place in places(full(SCHEMA))} == set()


@EXAMPLES
@given(st.sampled_from(["1", "0.5", "true", "", 1.5, [], {}]))
def test_a_value_of_another_type_is_refused_and_not_converted(value: object) -> None:
    for place in places(full(SCHEMA)):
        if place.schema.get("type") in ("integer", "boolean"):
            spec = full(SCHEMA)
            found = next(each for each in places(spec) if each.path == place.path)
            found.holder[found.key] = value
            assert place.path.split(".")[-1].removesuffix("[]") in refusal(spec), place.path


def test_iterations_and_seconds_are_bounded() -> None:
    """Beyond 64 bits the API server takes no whole number."""
    unbounded = [
        place.path
        for place in places(full(SCHEMA))
        if place.schema.get("type") == "integer"
        and "enum" not in place.schema
        and not {"minimum", "maximum"} <= place.schema.keys()
    ]
    assert unbounded == []


@pytest.mark.parametrize("name", ["num_classes", "train_list"])
def test_a_key_has_one_spelling(name: str) -> None:
    spec = full(SCHEMA)
    spec["dataset"][name] = 2
    assert f"dataset.{name}" in refusal(spec)

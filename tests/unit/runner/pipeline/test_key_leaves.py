"""Every leaf of the spec changes exactly the keys that it must.

The leaves are read from the types: a new field fails the first test until it has its row here.
"""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from segcompress_api.act_settings import settings_of
from segcompress_api.job import JobSpec
from segcompress_runner.processor import Processor
from segcompress_runner.provenance import Software
from segcompress_runner.run_key import InputDigests, RunKeys, measurement_key, model_key
from unit.runner.pipeline.key_leaves import ELSEWHERE, LEAVES, ONE_VALUE, SPARSE, TOGETHER, Spec, integers

SOFTWARE = Software("code", {})


def test_every_leaf_of_the_spec_is_classified() -> None:
    assert sorted(leaves(JobSpec)) == sorted({*LEAVES, *ONE_VALUE, *ELSEWHERE})


@pytest.mark.parametrize("path", LEAVES)
@settings(max_examples=5, database=None, deadline=None)
@given(data=st.data())
def test_a_leaf_changes_exactly_its_keys(path: str, data: st.DataObject) -> None:
    leaf = LEAVES[path]
    before = keys_of(leaf.base)
    spec = with_value(leaf.base, path, data.draw(leaf.values))
    after = keys_of(spec)
    assert (after.model != before.model) == (leaf.changed == "both"), spec
    assert (after.measurement != before.measurement) == (leaf.changed != "neither"), spec


NUMBERS = integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, database=None, deadline=None)
@given(first=JSON, second=JSON)
def test_whatever_json_says_in_a_free_form_leaf_is_told_apart(first: Any, second: Any) -> None:
    one, other = (
        with_value(SPARSE, "dataset.train_transforms", [{"type": "Resize", "target_size": value}])
        for value in (first, second)
    )
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (keys_of(one) == keys_of(other)) == same
    assert keys_of(json.loads(json.dumps(one))) == keys_of(one)


def leaves(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Yield the dotted path of every field that holds no other model."""
    for name, field in model.model_fields.items():
        inner = model_in(field.annotation)
        if inner is None:
            yield f"{path}{name}"
        else:
            yield from leaves(inner, f"{path}{name}.")


def model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := model_in(inner))), None)


def with_value(base: Spec, path: str, value: Any) -> Spec:
    """Return `base` with the leaf replaced; a leaf of a list's items takes the whole list."""
    spec: Spec = json.loads(json.dumps(base))
    *parents, last = path.split(".")
    if parents and parents[-1] in {"train_transforms", "val_transforms", "tolerations"}:
        last = parents.pop()
    place = spec
    for name in parents:
        place = place.setdefault(name, {})
    place.update({last: value, **TOGETHER.get(path, {})})
    return spec


def keys_of(spec: Spec) -> RunKeys:
    """Return the keys of a run of `spec` whose inputs are always the same."""
    made = JobSpec.model_validate(spec)
    dataset, files = made.dataset, made.model.files
    inputs = InputDigests(
        model={files.model: "a", files.params: "b"},
        lists={dataset.train_list: "c", dataset.val_list: "d", dataset.label_list or "": "g"},
        pictures=[("a.jpg", "e"), ("a.png", "f")],
    )
    meaning = settings_of(made.strategy, files)
    key = model_key(made, meaning, inputs, "CPU", SOFTWARE)
    return RunKeys(key, measurement_key(key, made, Processor("a CPU"), 1, SOFTWARE))

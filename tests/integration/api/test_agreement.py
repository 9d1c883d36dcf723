"""The API server and the types take and refuse the same specs; made samples, see `unit.api.changes`.

SEGCOMPRESS_SPECS=5000 tries more of them, others each time: `make test-specs`.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from integration.api.kubectl import Kubectl
from integration.operator.api import KINDS, Api, ApiError
from segcompress_api.manifest import JobManifest
from unit.api.changes import Sample, changed_specs
from unit.api.differences import may_differ, refusal
from unit.api.jobs import job
from unit.api.metadata import RIGHT, WRONG
from unit.api.specs import Spec, right_specs

SAMPLES = int(os.environ.get("SEGCOMPRESS_SPECS", "100"))
EXAMPLES = settings(
    max_examples=SAMPLES,
    deadline=None,
    database=None,
    derandomize=SAMPLES <= 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PARTS = st.sampled_from(["a", "b", "-", ".", "_", "A", "0", "a" * 57, "a" * 63, "b" * 126])
NAMES = st.lists(PARTS, max_size=5).map("".join)
COMPLETED = 58
"""Characters of a generateName before those that the API server adds."""
URL = KINDS["scj"].format("default") + "?dryRun=All&fieldValidation=Strict"

pytestmark = pytest.mark.timeout(900 + SAMPLES)


@pytest.fixture(scope="module")
def answer(kubectl: Kubectl) -> Callable[..., str]:
    """Return what asks the API server why it refuses a spec, "" where it takes it; more may be changed."""
    api = Api(kubectl.kubeconfig)

    def ask(spec: Any, **changes: Any) -> str:
        try:
            api.request("POST", URL, {**job(), "spec": spec, **changes})
        except ApiError as error:
            if error.status not in (400, 422):
                raise
            return str(error)
        return ""

    return ask


@EXAMPLES
@given(spec=right_specs())
def test_right_specs_are_taken_by_both(answer: Callable[[Any], str], spec: Spec) -> None:
    assert (answer(spec), refusal(spec)) == ("", "")


@EXAMPLES
@given(sample=changed_specs())
def test_both_agree_on_a_spec_with_one_place_changed(answer: Callable[[Any], str], sample: Sample) -> None:
    server, types = answer(sample.spec), refusal(sample.spec)
    agree = bool(server) == bool(types) or may_differ(sample.path, sample.change, stricter=bool(types))
    assert agree, (sample.path, sample.change, server, types)


@EXAMPLES
@given(key=st.sampled_from(["name", "generateName"]), name=NAMES)
def test_both_agree_on_names(answer: Callable[..., str], key: str, name: str) -> None:
    # The API server completes the first characters of a generateName, and judges it without a dash at its end
    # and the character before that: of a long one, it takes any such character, and the types do not.
    assume(key == "name" or len(name) <= COMPLETED or not name.endswith("-"))
    agree_on(answer, {key: name})


@pytest.mark.parametrize("metadata", [*RIGHT, *(metadata for metadata, _ in WRONG)], ids=str)
def test_both_agree_on_metadata(answer: Callable[..., str], metadata: dict[str, object]) -> None:
    agree_on(answer, {"name": "a"} | metadata)


def agree_on(answer: Callable[..., str], metadata: dict[str, object]) -> None:
    server, types = answer(job()["spec"], metadata=metadata), ""
    try:
        JobManifest.model_validate(job() | {"metadata": metadata}, by_name=False)
    except ValidationError as error:
        types = str(error)
    assert bool(server) == bool(types), (metadata, server, types)

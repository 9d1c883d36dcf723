"""Pods that the API server would refuse; tests/integration/api/test_pod_rules.py asks it."""

from typing import Any

import pytest

from segcompress_api.job import Runtime
from segcompress_api.pod_rules import pod_faults
from unit.api.pods import ACCEPTED, REFUSED, resources


@pytest.mark.parametrize(("runtime", "fields", "message"), REFUSED)
def test_pod_that_the_api_server_refuses_is_one_error(
    runtime: dict[str, Any], fields: str, message: str
) -> None:
    (fault,) = pod_faults(Runtime.model_validate(runtime))
    assert str(fault) == f"spec.runtime.{fields}: {message}"


@pytest.mark.parametrize("runtime", ACCEPTED)
def test_pod_that_the_api_server_takes_is_fine(runtime: dict[str, Any]) -> None:
    assert [*pod_faults(Runtime.model_validate(runtime))] == []


def test_whole_number_may_have_more_digits_than_a_division_takes() -> None:
    runtime = resources({}, {"example.com/npu": "9" * 32})
    assert [*pod_faults(Runtime.model_validate(runtime))] == []

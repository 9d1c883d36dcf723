"""Errors for responses of an API server."""

import json
from typing import Any

import pytest

from segcompress.client import (
    AlreadyExistsError,
    ClientError,
    ForbiddenError,
    InvalidJobError,
    NotFoundError,
    UnreachableError,
)
from segcompress.client.refusals import error_of


def status(message: str, **details: Any) -> str:
    return json.dumps({"kind": "Status", "message": message, "details": details or None})


@pytest.mark.parametrize(
    ("code", "body", "kind", "message"),
    [
        pytest.param(401, status("Unauthorized"), ForbiddenError, "the API server does not accept", id="401"),
        pytest.param(403, status("jane cannot"), ForbiddenError, "jane cannot", id="403"),
        pytest.param(404, status("no x", name="x"), NotFoundError, "no x", id="404"),
        pytest.param(
            404, "404 page not found", NotFoundError, "the cluster has no such resource type: ", id="no CRD"
        ),
        pytest.param(409, status("exists"), AlreadyExistsError, "exists", id="409"),
        pytest.param(410, status("too old"), UnreachableError, "the API server is temporarily", id="410"),
        pytest.param(
            429, status("slow"), UnreachableError, "the API server is temporarily unavailable: slow", id="429"
        ),
        pytest.param(
            503,
            "<html>\nsorry",
            UnreachableError,
            "the API server is temporarily unavailable: <html> s",
            id="503",
        ),
        pytest.param(418, "[1]", ClientError, "the API server answered 418: [1]", id="a teapot"),
        pytest.param(
            500, "", UnreachableError, "the API server is temporarily unavailable: HTTP 500", id="empty"
        ),
    ],
)
def test_answer_becomes_one_line(code: int, body: str, kind: type[ClientError], message: str) -> None:
    error = error_of(code, body)
    assert type(error) is kind
    assert str(error).startswith(message)
    assert len(str(error).splitlines()) == 1


def test_each_cause_becomes_a_line_once() -> None:
    causes = [
        {"field": "spec.dataset.numClasses", "message": "Invalid value: 0: must be\n at least 1"},
        {"field": "spec.dataset.numClasses", "message": "Invalid value: 0: must be\n at least 1"},
        {"field": "<nil>", "message": "some validation rules were not checked"},
        {"field": "spec.seed"},
    ]
    error = error_of(422, status("everything at once", causes=causes))
    assert isinstance(error, InvalidJobError)
    assert error.problems == (
        "spec.dataset.numClasses: Invalid value: 0: must be at least 1",
        "some validation rules were not checked",
    )


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        pytest.param("compressed.mIoU", "; did you mean compressed.miou?", id="misspelt"),
        pytest.param("miou", "; did you mean compressed.miou?", id="without what it is of"),
        pytest.param("energy", "", id="nothing like it"),
    ],
)
def test_unsupported_value_is_answered_with_the_nearest_one(given: str, remedy: str) -> None:
    refused = f'Unsupported value: "{given}": supported values: "compressed.miou", "miouDrop"'
    causes = [{"field": "spec.objectives[0].metric", "message": refused}]
    assert str(error_of(422, status("", causes=causes))) == f"spec.objectives[0].metric: {refused}{remedy}"


def test_unknown_field_is_answered_with_the_nearest_one() -> None:
    message = 'strict decoding error: unknown field "spec.dataset.numClases", duplicate field "spec.seed"'
    error = error_of(400, status(message))
    assert isinstance(error, InvalidJobError)
    assert error.problems == (
        "spec.dataset.numClases: is not a field of this version; did you mean numClasses?",
        "spec.seed: is given twice",
    )
    assert str(error) == "\n".join(error.problems)


def test_unknown_field_of_a_sweep_is_looked_for_in_sweeps() -> None:
    message = (
        'SegCompressionSweep in version "v1alpha1" cannot be handled as a SegCompressionSweep: strict '
        'decoding error: unknown field "spec.maxTrails", unknown field "spec.parameters[0].vlaues", '
        'unknown field "spec.template.spec.sede"'
    )
    assert str(error_of(400, status(message))).splitlines() == [
        "spec.maxTrails: is not a field of this version; did you mean maxTrials?",
        "spec.parameters[0].vlaues: is not a field of this version; did you mean values?",
        "spec.template.spec.sede: is not a field of this version; did you mean seed?",
    ]


def test_refusal_without_fields_is_its_message() -> None:
    assert str(error_of(422, status("denied by a policy"))) == "denied by a policy"

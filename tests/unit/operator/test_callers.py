"""Whose a token is, by the API server's answer to a TokenReview."""

import copy
from typing import Any

import pytest

from segcompress_operator.answers import Caller, caller_of
from unit.operator.api_server import talk

REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
POD = "authentication.kubernetes.io/pod-"
GOOD: dict[str, Any] = {
    "status": {
        "authenticated": True,
        "audiences": ["progress"],
        "user": {
            "username": "system:serviceaccount:vision:default",
            "extra": {f"{POD}name": ["demo-pod"], f"{POD}uid": ["u-1"], "other": ["x", "y"]},
        },
    }
}


def with_status(**changes: Any) -> dict[str, Any]:
    return {"status": {**copy.deepcopy(GOOD["status"]), **changes}}


def with_user(**changes: Any) -> dict[str, Any]:
    return with_status(user={**GOOD["status"]["user"], **changes})


def with_extra(**changes: Any) -> dict[str, Any]:
    extra = {**GOOD["status"]["user"]["extra"], **{f"{POD}{key}": value for key, value in changes.items()}}
    return with_user(extra=extra)


def test_pod_that_the_token_was_issued_to_is_asked_for() -> None:
    caller, server = talk(lambda c: c.review_token("secret", "progress"), {("POST", REVIEWS): (201, GOOD)})
    assert caller == Caller("vision", "demo-pod", "u-1")
    (asked,) = server.asked
    assert asked[2]["spec"] == {"token": "secret", "audiences": ["progress"]}


@pytest.mark.parametrize(
    "review",
    [
        pytest.param({}, id="no answer"),
        pytest.param(with_status(authenticated=False), id="not authenticated"),
        pytest.param(with_status(authenticated="true"), id="a word for the truth"),
        pytest.param(with_status(audiences=["kubernetes"]), id="another audience"),
        pytest.param(with_status(audiences=None), id="API server that knows no audiences"),
        pytest.param(with_user(username="admin"), id="a person"),
        pytest.param(with_user(username="x:system:serviceaccount:vision:default"), id="a name like one"),
        pytest.param(with_user(username="system:serviceaccount:vision"), id="half a name"),
        pytest.param(with_user(extra=None), id="bound to nothing"),
        pytest.param(with_extra(uid=[]), id="no uid"),
        pytest.param(with_extra(uid=["u-1", "u-2"]), id="two uids"),
        pytest.param(with_extra(name=[""]), id="empty name"),
    ],
)
def test_answer_that_vouches_for_no_pod(review: dict[str, Any]) -> None:
    assert caller_of(GOOD, "progress") is not None
    assert caller_of(review, "progress") is None

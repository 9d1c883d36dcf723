"""The Service's address is followed, and nothing that goes wrong with it stops anything."""

import asyncio

import pytest

from segcompress_operator.addresses import ServiceAddress
from segcompress_operator.cluster import Body
from segcompress_operator.errors import GoneError, RefusedError, RetryableError
from segcompress_operator.kinds import SERVICES, Ref

REF = Ref(SERVICES, "system", "segcompress-operator")


class Answers:
    """An API server that gives one answer after the other."""

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = iter(answers)

    async def get(self, ref: Ref) -> Body:
        assert ref == REF
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return {"spec": {"clusterIP": answer}}


def followed(*answers: str | Exception, known: str = "10.0.0.1") -> str:
    async def follow() -> str:
        address, reader = ServiceAddress(REF, known), Answers(*answers)
        for _ in answers:
            await address.refresh(reader)
        return address.value

    return asyncio.run(follow())


def test_service_made_anew_has_another_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert followed("10.0.0.1", GoneError("gone"), "10.0.0.2") == "10.0.0.2"
    assert caplog.messages[-1] == "Service system/segcompress-operator has another address: 10.0.0.2"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(GoneError("services not found"), id="gone"),
        pytest.param(RefusedError("services is forbidden", final=False), id="no right"),
        pytest.param(RetryableError("GET: no answer"), id="no answer"),
        pytest.param("None", id="headless"),
        pytest.param("", id="none yet"),
    ],
)
def test_address_that_cannot_be_told_stays(answer: str | Exception) -> None:
    assert followed(answer) == "10.0.0.1"


def test_what_keeps_it_from_being_told_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    no = RefusedError("forbidden", final=False)
    followed(no, no, "10.0.0.1", no)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        pytest.param("10.0.0.1", "pods are told 10.0.0.1", id="known"),
        pytest.param("", "pods look its name up", id="missing since the start"),
    ],
)
def test_warning_says_what_pods_do_meanwhile(known: str, told: str, caplog: pytest.LogCaptureFixture) -> None:
    followed(GoneError("services not found"), known=known)
    assert told in caplog.text


def test_it_is_looked_at_again_and_again() -> None:
    async def follow() -> str:
        address = ServiceAddress(REF, "")
        with pytest.raises(RuntimeError):
            await address.follow(Answers("10.0.0.1", "10.0.0.2"), seconds=0.0)
        return address.value

    assert asyncio.run(follow()) == "10.0.0.2"

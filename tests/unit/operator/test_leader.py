"""Leadership: one of many operators acts, and another soon after that one ended or was cut off."""

import asyncio
from collections.abc import Callable

import pytest

from segcompress_operator.errors import LeadershipLostError, OperatorError, RefusedError, RetryableError
from segcompress_operator.leader import Alone, LeaseLeadership, lead
from unit.operator.leases import REF, SECONDS, Scene, World


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scene], World]:
    def run(scene: Scene) -> World:
        world = World(monkeypatch)
        asyncio.run(_played(scene, world))
        return world

    return run


async def _played(scene: Scene, world: World) -> None:
    await scene(world)


def test_first_comer_makes_the_lease_and_leads(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first = world.operator("first")
        assert not first.holds()
        await first.acquire()
        assert first.holds()
        assert first.problems() == ()

    spec = play(scene).leases.stored["spec"]  # type: ignore[index]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (
        "first",
        10,
        1,
    )
    assert spec["renewTime"] == spec["acquireTime"]


def test_standby_waits_for_a_lease_that_is_renewed(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first, second = world.operator("first"), world.operator("second")
        await first.acquire()
        for _ in range(50):
            await second._attempt()
            assert not second.holds()
            await world.sleep(1.0)
            await first._attempt()
            assert first.holds()

    assert play(scene).leases.holder == "first"


def test_standby_takes_over_only_after_the_holder_has_stopped(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first, second = world.operator("first"), world.operator("second")
        await first.acquire()
        killed_at, stopped_at = world.time, None
        while not second.holds():
            await second._attempt()
            if stopped_at is None and not first.holds():
                stopped_at = world.time
            await world.sleep(0.1)
            assert not (first.holds() and second.holds())
        assert stopped_at is not None
        assert SECONDS <= world.time - killed_at <= SECONDS * 1.2

    assert play(scene).leases.holder == "second"


def test_clock_that_is_wrong_by_minutes_changes_nothing(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first = world.operator("first")
        ahead = LeaseLeadership(world.leases, REF, "ahead", SECONDS, lambda: world.time + 300)
        await first.acquire()
        for _ in range(30):
            await ahead._attempt()
            assert not ahead.holds()
            await world.sleep(1.0)
            await first._attempt()

    assert play(scene).leases.holder == "first"


def test_released_lease_is_taken_at_once(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first, second = world.operator("first"), world.operator("second")
        await first.acquire()
        await second._attempt()
        await first.release()
        assert not first.holds()
        assert world.leases.holder == ""
        await second._attempt()
        assert second.holds()

    spec = play(scene).leases.stored["spec"]  # type: ignore[index]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (
        "second",
        10,
        2,
    )


def test_lease_of_another_is_not_released(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first, second = world.operator("first"), world.operator("second")
        await first.acquire()
        await second._attempt()
        await second.release()

    assert play(scene).leases.holder == "first"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(RetryableError("PATCH: the API server does not answer"), id="away"),
        pytest.param(RefusedError("forbidden", final=False), id="refused"),
    ],
)
def test_leadership_is_lost_where_no_renewal_succeeds(
    play: Callable[[Scene], World], fault: OperatorError
) -> None:
    async def scene(world: World) -> None:
        first = world.operator("first")
        await first.acquire()
        began, world.leases.fault = world.time, fault
        with pytest.raises(LeadershipLostError, match=str(fault)):
            await first.hold()
        assert not first.holds()
        assert world.time - began < SECONDS
        assert first.problems() == (f"{REF}: {fault}",)

    play(scene)


def test_failed_renewal_is_tried_again_in_time(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first = world.operator("first")
        await first.acquire()
        world.leases.fault = RetryableError("away")
        await world.sleep(5.0)
        await first._attempt()
        world.leases.fault = None
        await first._attempt()
        await world.sleep(5.0)
        assert first.holds()

    assert play(scene).leases.holder == "first"


def test_renewal_whose_answer_was_lost_is_ours_still(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first = world.operator("first")
        await first.acquire()
        world.leases.unanswered = RetryableError("no answer")
        await first._attempt()
        world.leases.unanswered = None
        await world.sleep(1.0)
        await first._attempt()
        await world.sleep(6.0)
        assert first.holds()

    assert play(scene).leases.holder == "first"


def test_lease_that_was_given_to_another_is_lost_at_once(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first = world.operator("first")
        await first.acquire()
        began = world.time
        world.leases._store({"metadata": {}, "spec": {"holderIdentity": "hand", "leaseDurationSeconds": 10}})
        with pytest.raises(LeadershipLostError, match="held by hand"):
            await first.hold()
        assert not first.holds()
        assert world.time - began <= SECONDS / 2

    play(scene)


def test_deleted_lease_is_made_again_by_its_holder(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first = world.operator("first")
        await first.acquire()
        world.leases.stored = None
        await first._attempt()
        await first._attempt()
        assert first.holds()

    assert play(scene).leases.holder == "first"


def test_two_that_come_together_do_not_both_lead(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        many = [world.operator(f"operator-{n}") for n in range(5)]
        await asyncio.gather(*(each._attempt() for each in many))
        assert sum(each.holds() for each in many) == 1

    play(scene)


def test_work_ends_before_the_lease_is_given_back(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        first = world.operator("first")

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                assert world.leases.holder == "first"

        working = asyncio.ensure_future(lead(first, work))
        while not first.holds():
            await world._sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        assert working.cancelled()

    assert play(scene).leases.holder == ""


def test_work_ends_where_the_leadership_is_lost(
    play: Callable[[Scene], World], caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(world: World) -> None:
        first, cancelled = world.operator("first"), asyncio.Event()

        async def work() -> None:
            world.leases.fault = RetryableError("away")
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        await lead(first, work)
        assert cancelled.is_set()

    play(scene)
    assert "this process ends: Lease segcompress-system/segcompress-operator is lost: away" in caplog.text


def test_without_a_lease_nothing_is_asked(play: Callable[[Scene], World]) -> None:
    async def scene(world: World) -> None:
        done = []

        async def work() -> None:
            done.append(alone.holds())
            working.cancel()

        alone = Alone()
        working = asyncio.ensure_future(lead(alone, work))
        await asyncio.gather(working, return_exceptions=True)
        assert done == [True]
        assert alone.problems() == ()
        assert world.leases.version == 0

    play(scene)

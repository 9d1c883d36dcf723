"""The work queue: one key once, one worker a key, back-off."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
import uvloop

from segcompress_operator.queue import FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, WorkQueue


def run(scenario: Callable[[WorkQueue[str]], Awaitable[None]]) -> None:
    async def scene() -> None:
        queue: WorkQueue[str] = WorkQueue(jitter=lambda: 1.0)
        await scenario(queue)
        queue.close()

    asyncio.run(scene())


def test_key_added_twice_is_worked_on_once() -> None:
    async def scenario(queue: WorkQueue[str]) -> None:
        for key in ("a", "b", "a"):
            queue.add(key)
        assert [await queue.get(), await queue.get()] == ["a", "b"]
        assert len(queue) == 0

    run(scenario)


def test_key_at_work_comes_again_only_after_done() -> None:
    async def scenario(queue: WorkQueue[str]) -> None:
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        queue.add("b")
        assert await queue.get() == "b"
        queue.done("a")
        assert await queue.get() == "a"

    run(scenario)


@pytest.mark.parametrize(
    ("added", "order"),
    [
        ("a1 a2 a3 a4 b1 b2 c1", "a1 b1 c1 a2 b2 a3 a4"),
        ("a1 a2 b1 a3", "a1 b1 a2 a3"),
    ],
)
def test_flows_take_turns(added: str, order: str) -> None:
    async def scene() -> None:
        queue: WorkQueue[str] = WorkQueue(flow_of=lambda key: key[0])
        for key in added.split():
            queue.add(key)
        assert [await queue.get() for _ in added.split()] == order.split()
        assert len(queue) == 0

    asyncio.run(scene())


def test_flow_that_comes_late_waits_for_one_key_of_another() -> None:
    async def scene() -> None:
        queue: WorkQueue[str] = WorkQueue(flow_of=lambda key: key[0])
        for number in range(1000):
            queue.add(f"a{number}")
        assert await queue.get() == "a0"
        queue.add("b0")
        assert [await queue.get(), await queue.get()] == ["a1", "b0"]

    asyncio.run(scene())


def test_waiting_worker_gets_a_late_key() -> None:
    async def scenario(queue: WorkQueue[str]) -> None:
        waiting = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        queue.add("a")
        assert await waiting == "a"

    run(scenario)


def test_earliest_delay_counts() -> None:
    async def scenario(queue: WorkQueue[str]) -> None:
        queue.add_after("a", 3600)
        queue.add_after("a", 0)
        queue.add_after("a", 1800)
        assert await queue.get() == "a"

    run(scenario)


def test_delay_runs_from_now() -> None:
    async def scenario(queue: WorkQueue[str]) -> None:
        before = asyncio.get_running_loop().time()
        queue.add_after("a", 3600)
        assert before + 3600 <= queue._timers["a"].due <= before + 3660

    run(scenario)


def test_key_added_now_needs_no_delay_any_more() -> None:
    async def scenario(queue: WorkQueue[str]) -> None:
        queue.add_after("a", 3600)
        queue.add("a")
        assert await queue.get() == "a"
        assert queue._timers == {}

    run(scenario)


def test_back_off_doubles_up_to_its_limit_and_is_forgotten() -> None:
    async def scenario(queue: WorkQueue[str]) -> None:
        delays = [queue.retry("a") for _ in range(12)]
        assert delays[:3] == [FIRST_DELAY_SECONDS * n for n in (1, 2, 4)]
        assert delays[-1] == LONGEST_DELAY_SECONDS
        queue.succeeded("a")
        assert queue.retry("a") == FIRST_DELAY_SECONDS

    run(scenario)


@pytest.mark.parametrize(("jitter", "share"), [(0.0, 0.5), (1.0, 1.0)])
def test_back_off_is_spread(jitter: float, share: float) -> None:
    async def scene() -> None:
        queue: WorkQueue[str] = WorkQueue(jitter=lambda: jitter)
        assert queue.retry("a") == FIRST_DELAY_SECONDS * share
        queue.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("wish", "delay"),
    [
        pytest.param(30.0, 30.0, id="longer than the back-off"),
        pytest.param(86_400.0, LONGEST_DELAY_SECONDS, id="a day"),
        pytest.param(float("inf"), LONGEST_DELAY_SECONDS, id="more digits than a float has"),
    ],
)
def test_api_servers_wish_is_the_least_delay_up_to_the_longest(wish: float, delay: float) -> None:
    async def scenario(queue: WorkQueue[str]) -> None:
        assert queue.retry("a", at_least=wish) == delay

    run(scenario)


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_what_is_due_at_once_may_be_wished_for_again(loop: Callable[[Coroutine[Any, Any, str]], str]) -> None:
    async def wished_twice() -> str:
        queue: WorkQueue[str] = WorkQueue()
        queue.add_after("a", 0.0)
        queue.add_after("a", 0.0001)
        queue.add_after("a", 0.0)
        return await queue.get()

    assert loop(wished_twice()) == "a"

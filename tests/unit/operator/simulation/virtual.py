"""An event loop in virtual time: time passes only when nothing is left to do, and then at once.

What would run in a thread runs in the loop, so that the same program always takes the same course.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any, TypeVarTuple

Ts = TypeVarTuple("Ts")


class IdleError(Exception):
    """Nothing will ever happen again: no callback is ready, and no timer is set."""


class EndlessError(AssertionError):
    """Something still happens after a time by which everything should be at rest."""


class _Selector(selectors.SelectSelector):
    """Lets the time pass for which it is to wait: nothing comes from outside."""

    def __init__(self, longest: float) -> None:
        super().__init__()
        self.now = 0.0
        self._longest = longest

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise IdleError
        if self.now > self._longest:
            raise EndlessError(f"not at rest after {self.now:.0f} s")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time starts at 0; `longest` is when everything must be at rest, in seconds."""

    def __init__(self, longest: float) -> None:
        self._virtual = _Selector(longest)
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._virtual.now

    def run_in_executor(
        self,
        executor: object,  # noqa: ARG002 - there is no other thread
        func: Callable[[*Ts], Any],
        *args: *Ts,
    ) -> asyncio.Future[Any]:
        """Call the function at once, and return its result as asyncio.to_thread expects it."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed on to whoever awaits
            future.set_exception(error)
        return future

    def run_until_idle(self) -> None:
        """Run until nothing will ever happen again."""
        try:
            self.run_forever()
        except IdleError:
            return

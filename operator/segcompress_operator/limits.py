"""How often something may happen."""

from collections.abc import Callable


class RateLimit:
    """Lets `rate` things happen a second, and up to `burst` at once; seconds come from `clock`."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._left = float(burst)
        self._seen = clock()

    def allows(self) -> bool:
        """Return whether one more may happen now, and count it where it may."""
        now = self._clock()
        self._left = min(self._left + (now - self._seen) * self._rate, self._burst)
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

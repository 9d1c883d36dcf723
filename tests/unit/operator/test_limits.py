from segcompress_operator.limits import RateLimit


class Clock:
    """A clock that a test moves."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_burst_is_allowed_and_then_the_rate() -> None:
    clock = Clock()
    limit = RateLimit(2, 3, clock)
    assert [limit.allows() for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [limit.allows() for _ in range(2)] == [True, False]


def test_idle_time_saves_up_no_more_than_a_burst() -> None:
    clock = Clock()
    limit = RateLimit(2, 3, clock)
    clock.now += 3600
    assert sum(limit.allows() for _ in range(10)) == 3


def test_what_was_refused_does_not_count() -> None:
    clock = Clock()
    limit = RateLimit(1, 1, clock)
    limit.allows()
    for _ in range(100):
        assert not limit.allows()
    clock.now += 1
    assert limit.allows()

from segcompress_runner.log_lines import LogLines, clock_time, step_line
from segcompress_runner.progress import Stage, Standing


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_line_tells_share_rate_and_time_left() -> None:
    line = step_line(Standing(Stage.COMPRESS, 120, 160, 57.1), {"loss": 0.0123456})
    assert line == "Compress step 120/160 75 % 2.1 it/s ETA 0:19 loss 0.01235"


def test_line_without_a_total_tells_no_share() -> None:
    assert step_line(Standing(Stage.FETCH, 7, 0, 2.0), {}) == "Fetch step 7 3.5 it/s"


def test_first_instant_has_no_rate() -> None:
    assert step_line(Standing(Stage.FETCH, 1, 4, 0.0), {}) == "Fetch step 1/4 25 %"


def test_hours_are_told() -> None:
    assert clock_time(3723) == "1:02:03"


def test_lines_come_now_and_then_however_many_steps() -> None:
    clock, lines = Clock(), list[str]()
    progress = LogLines(lines.append, period_s=5, clock=clock)
    progress.start(Stage.COMPRESS, 1000)
    for done in range(1, 1001):
        clock.now += 0.1
        progress.step(done)
    progress.finish()
    assert lines[0] == "Compress started"
    assert lines[-1] == "Compress took 100.0 s"
    assert 18 <= len(lines[1:-1]) <= 20


def test_stage_entered_twice_is_told_once() -> None:
    clock, lines = Clock(), list[str]()
    progress = LogLines(lines.append, clock=clock)
    progress.start(Stage.FETCH)
    clock.now += 2
    progress.start(Stage.FETCH, 10)
    clock.now += 1
    progress.start(Stage.VALIDATE)
    assert lines == ["Fetch started", "Fetch took 3.0 s", "Validate started"]

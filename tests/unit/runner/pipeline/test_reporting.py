"""Reports of progress, by operators that are there, away, slow, or somebody else."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from certified import certified, served
from segcompress_api.contract import ProgressTarget
from segcompress_api.progress import ProgressReport, Stage
from segcompress_runner.progress import Standing
from segcompress_runner.reporting import OperatorClient, Reporter, report_of

PATIENCE_S = 60.0
"""Only so that a failing test ends."""


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Operator:
    """What a client of the operator's would do; fails while it holds an error."""

    error: Exception | None = None
    tries: int = 0
    heard: list[ProgressReport] = field(default_factory=list)

    def send(self, report: ProgressReport) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.heard.append(report)


class Run:
    """A reporter whose thread still waits for the start: the test says when it is time to look."""

    def __init__(self, operator: Operator) -> None:
        self.clock, self.said = Clock(), list[str]()
        self.reporter = Reporter(operator, self.said.append, clock=self.clock)

    def looks_after(self, seconds: float) -> None:
        self.clock.now += seconds
        self.reporter.report()


@pytest.fixture
def operator() -> Operator:
    return Operator()


@pytest.fixture
def run(operator: Operator) -> Iterator[Run]:
    run = Run(operator)
    run.reporter._meter.start(Stage.COMPRESS, 1000)
    yield run
    run.reporter.close()


def steps(operator: Operator) -> list[int]:
    return [report.step for report in operator.heard]


def test_first_standing_is_reported_at_once_and_the_next_percent_after_half_a_minute(
    run: Run, operator: Operator
) -> None:
    run.looks_after(0)
    run.reporter.step(10)
    run.looks_after(29)
    assert steps(operator) == [0]
    run.looks_after(1)
    assert steps(operator) == [0, 10]


def test_steps_within_a_percent_are_reported_every_five_minutes(run: Run, operator: Operator) -> None:
    run.looks_after(0)
    for done in range(1, 10):
        run.reporter.step(done)
        run.looks_after(30)
    assert steps(operator) == [0]
    run.looks_after(30)
    assert steps(operator) == [0, 9]


def test_evaluation_is_reported_after_half_a_minute_with_those_before_it(
    run: Run, operator: Operator
) -> None:
    run.looks_after(0)
    for iteration, miou in ((1, 0.25), (2, 0.5)):
        run.reporter.step(iteration, miou=miou)
        run.looks_after(29.9)
    assert [one.to_wire()["miou"] for one in operator.heard[-1].evaluations or ()] == ["0.2500", "0.5000"]
    assert (len(operator.heard), operator.heard[0].evaluations) == (2, None)


def test_report_that_was_lost_loses_no_evaluation(run: Run, operator: Operator) -> None:
    for iteration, error in ((100, OSError("gone")), (200, OSError("gone")), (300, None)):
        operator.error = error
        run.reporter.step(iteration, miou=0.5)
        run.looks_after(30)
    assert [one.step for one in operator.heard[-1].evaluations or ()] == [100, 200, 300]


def test_a_training_that_follows_another_one_counts_on(run: Run, operator: Operator) -> None:
    run.reporter.step(400, miou=0.5)
    for total in (0, 200):
        run.reporter.start(Stage.COMPRESS, total)
    run.reporter.step(100, miou=0.6)
    run.reporter.start(Stage.EVALUATE)
    run.looks_after(30)
    assert [one.step for one in operator.heard[-1].evaluations or ()] == [400, 500]


def test_run_that_stands_still_reports_nothing_more(run: Run, operator: Operator) -> None:
    for _ in range(100):
        run.looks_after(60)
    assert steps(operator) == [0]


def test_newest_standing_wins_and_an_absence_is_said_once(run: Run, operator: Operator) -> None:
    operator.error = ConnectionRefusedError("connection refused")
    for done in (10, 20):
        run.reporter.step(done)
        run.looks_after(30)
    assert (operator.tries, run.said) == (2, [])
    operator.error = None
    run.reporter.step(40)
    run.looks_after(30)
    assert steps(operator) == [40]
    operator.error = ConnectionRefusedError("connection refused")
    for done in (50, 60, 70, 80, 90):
        run.reporter.step(done)
        run.looks_after(30)
    assert run.said == [
        "progress does not reach the operator (connection refused); the run continues without it"
    ]


def test_more_steps_than_were_announced_harm_no_run(run: Run, operator: Operator) -> None:
    run.reporter.step(1001)
    for _ in range(3):
        run.looks_after(30)
    assert operator.heard == []
    assert "step must be at most totalSteps" in run.said[0]
    run.reporter._meter.start(Stage.EVALUATE)
    run.looks_after(30)
    assert [report.stage for report in operator.heard] == [Stage.EVALUATE]


def test_report_tells_what_the_log_line_tells() -> None:
    assert report_of(Standing(Stage.COMPRESS, 120, 160, 57.1)).to_wire() == {
        "stage": "Compress",
        "step": 120,
        "totalSteps": 160,
        "etaSeconds": 19,
    }
    assert report_of(Standing(Stage.FETCH, 7)).to_wire() == {"stage": "Fetch", "step": 7}
    assert report_of(Standing(Stage.FETCH, 1, 2**31 - 1, 1e9)).eta_seconds == 2**31 - 1


def test_thread_reports_until_it_is_closed() -> None:
    operator = Operator()
    reporter = Reporter(operator, print, period_s=0.01, clock=time.monotonic)
    assert operator.heard == []
    reporter.start(Stage.FETCH)
    wait_until(lambda: len(operator.heard) == 1)
    thread = next(each for each in threading.enumerate() if each.name == "progress")
    reporter.close()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


REPORT = ProgressReport(stage=Stage.COMPRESS, step=3, total_steps=4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return certified(tmp_path)


def client(folder: Path, port: int, timeout_s: float = PATIENCE_S, host: str = "localhost") -> OperatorClient:
    token = folder / "token"
    token.write_text("first\n")
    target = ProgressTarget(url=f"https://{host}:{port}", ca=(folder / "ca.crt").read_text())
    return OperatorClient(target, "u-1", token, timeout_s)


def test_report_reaches_the_operator_with_the_token_of_the_moment(folder: Path) -> None:
    with served(folder) as server:
        there = client(folder, server.server_port)
        there.send(REPORT)
        (folder / "token").write_text("second\n")
        there.send(REPORT)
    body = '{"stage":"Compress","step":3,"totalSteps":4}'
    assert server.heard == [
        ("/v1/pods/u-1/progress", f"Bearer {token}", body) for token in ("first", "second")
    ]


@pytest.mark.parametrize("status", [200, 302, 401, 429, 500])
def test_any_other_answer_is_an_error_and_no_redirect_is_followed(folder: Path, status: int) -> None:
    with served(folder) as server:
        server.status = status
        with pytest.raises(OSError, match=f"the operator answered with HTTP status {status}"):
            client(folder, server.server_port).send(REPORT)
    assert len(server.heard) == 1


def test_proxies_of_the_environment_get_no_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with served(folder) as server:
        client(folder, server.server_port).send(REPORT)
    assert len(server.heard) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_somebody_else_gets_no_token(tmp_path: Path, folder: Path, host: str) -> None:
    """Of another authority, or of this one under a name that is not the operator's."""
    theirs = certified(tmp_path / "theirs") if host == "localhost" else folder
    with served(theirs) as server, pytest.raises(ssl.SSLCertVerificationError):
        client(folder, server.server_port, host=host).send(REPORT)
    assert server.heard == []


def test_nobody_there_is_an_error(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="refused"):
            client(folder, taken.getsockname()[1]).send(REPORT)


def test_refused_connection_is_tried_again_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Service leads to a replica that does not lead, and then to the one that does."""
    there, answers = client(folder, 1), [ConnectionRefusedError("refused")] * 3

    def send(_: ProgressReport) -> None:
        if answers:
            raise answers.pop()

    monkeypatch.setattr(there, "_send", send)
    there.send(REPORT)
    assert answers == []


@pytest.mark.parametrize("pieces", [(), (b"\x16\x03",), (b"HTTP/1.1 200 OK\r\n\r\n",)])
def test_server_that_hangs_or_talks_nonsense_is_an_error(folder: Path, pieces: tuple[bytes, ...]) -> None:
    def talk() -> None:
        connection, _ = listening.accept()
        for piece in pieces:
            connection.sendall(piece)
        done.wait()
        connection.close()

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(OSError):  # noqa: PT011 - whatever it is, it is one of the errors that are handled
            client(folder, listening.getsockname()[1], timeout_s=0.2).send(REPORT)
        done.set()
        thread.join()


@pytest.mark.parametrize("ca", ["", "not PEM"])
def test_authority_that_cannot_be_read_is_an_error_of_the_report_alone(folder: Path, ca: str) -> None:
    token = folder / "token"
    token.write_text("x")
    said = list[str]()
    there = OperatorClient(ProgressTarget(url="https://localhost:1", ca=ca), "u-1", token)
    reporter = Reporter(there, said.append)
    reporter._meter.start(Stage.FETCH)
    for _ in range(3):
        reporter.report()
    reporter.close()
    assert len(said) == 1
    assert "refused" not in said[0], "nobody was asked"

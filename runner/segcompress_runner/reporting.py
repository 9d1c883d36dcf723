"""Reports a run's progress to the operator, from a thread of its own: no run waits for it or fails by it.

The newest standing wins: what could not be sent is forgotten, and nothing is sent twice. The token of the
request says which pod it is from; the operator takes it from that pod alone.
"""

import http.client
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from segcompress_api.base import LARGEST_COUNT
from segcompress_api.contract import ProgressTarget
from segcompress_api.progress import (
    PERIOD_SECONDS,
    ProgressReport,
    TrainingEvaluation,
    seconds_until_due,
    thinned,
)
from segcompress_runner.progress import Meter, Stage, Standing

TIMEOUT_S = 5.0
"""For connecting, and for each answer after that."""

_TRIES = 4
"""At once, where a connection is refused: of several replicas behind the Service, one listens."""

_FAILURES_UNSAID = 2
"""In a row: an operator that restarts is none of a user's concern."""

_FAILURES = (OSError, http.client.HTTPException, ValueError)


class Client(Protocol):
    """Takes one report to where it belongs; raises OSError, HTTPException or ValueError where it cannot."""

    def send(self, report: ProgressReport) -> None:
        """Send it once."""


class RefusedReportError(OSError):
    """The operator answered, and did not take the report."""


class OperatorClient:
    """One connection for each report: with at most one report every half minute, none is kept open.

    `http.client` follows no redirect and uses no proxy, so that the token goes to the operator alone.
    """

    def __init__(
        self, target: ProgressTarget, pod_uid: str, token: Path, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._target = target
        self._path = f"/v1/pods/{pod_uid}/progress"
        self._token = token
        self._timeout_s = timeout_s

    def send(self, report: ProgressReport) -> None:
        """Send the report; a connection that is refused is tried again at once."""
        for left in reversed(range(_TRIES)):
            try:
                self._send(report)
            except ConnectionRefusedError:
                if not left:
                    raise
            else:
                return

    def _send(self, report: ProgressReport) -> None:
        """Send the report once; the token is read each time, for the kubelet renews it."""
        headers = {
            "Authorization": f"Bearer {self._token.read_text().strip()}",
            "Content-Type": "application/json",
        }
        body = report.model_dump_json(by_alias=True, exclude_none=True)
        address = urlsplit(self._target.url)
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.load_verify_locations(cadata=self._target.ca)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, timeout=self._timeout_s, context=trust
        )
        try:
            connection.request("POST", self._path, body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != http.client.NO_CONTENT:
            raise RefusedReportError(f"the operator answered with HTTP status {status}")


class Reporter:
    """Progress that a background thread reports, until `close`."""

    def __init__(
        self,
        client: Client,
        say: Callable[[str], None],
        *,
        period_s: float = PERIOD_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._say = say
        self._period_s = period_s
        self._clock = clock
        self._meter = Meter(clock)
        self._curve = _Curve()
        self._sent: ProgressReport | None = None
        self._sent_at = clock()
        self._failures = 0
        self._has_said = False
        self._begun, self._closed = threading.Event(), threading.Event()
        threading.Thread(target=self._work, name="progress", daemon=True).start()

    def start(self, stage: Stage, total: int = 0) -> None:
        """Note the stage; a training that follows another one continues its count of iterations."""
        before = self._meter.standing
        if before is not None and before.stage == stage == Stage.COMPRESS:
            self._curve.trained(before.done)
        self._meter.start(stage, total)
        self._begun.set()

    def step(self, done: int, **figures: float) -> None:
        """Note the steps that are done, and the evaluation after them, if there was one."""
        self._meter.step(done)
        if "miou" in figures:
            self._curve.add(done, figures["miou"])

    def note(self, message: str) -> None:
        """Do nothing: sentences stay in the log."""

    def close(self) -> None:
        """Report no more; a report that is under way is not waited for."""
        self._closed.set()
        self._begun.set()

    def _work(self) -> None:
        self._begun.wait()
        while not self._closed.is_set():
            self.report()
            self._closed.wait(self._period_s)

    def report(self) -> None:
        """Send the run's progress if that is due; say so once if it fails repeatedly."""
        now, standing = self._clock(), self._meter.standing
        if standing is None:
            return
        try:
            report = report_of(standing, self._curve.evaluations)
            if self._is_due(report, now):
                self._client.send(report)
                self._sent, self._sent_at, self._failures = report, now, 0
        except _FAILURES as error:
            self._failures += 1
            if self._failures > _FAILURES_UNSAID and not self._has_said:
                self._has_said = True
                self._say(f"progress does not reach the operator ({error}); the run continues without it")

    def _is_due(self, report: ProgressReport, now: float) -> bool:
        before = self._sent
        if before is None or report == before:
            return before is None
        moved = _marks(report) != _marks(before)
        return seconds_until_due(moved=moved, seconds=now - self._sent_at) <= 0


class _Curve:
    """A run's evaluations; the tuple is replaced and never changed, since another thread reads it."""

    def __init__(self) -> None:
        self.evaluations: tuple[TrainingEvaluation, ...] = ()
        self._before = 0

    def trained(self, iterations: int) -> None:
        """Note that a training of that many iterations has ended."""
        self._before += iterations

    def add(self, iteration: int, miou: float) -> None:
        """Note an evaluation after that iteration of the training that runs."""
        new = TrainingEvaluation(step=self._before + iteration, miou=f"{miou:.4f}")
        self.evaluations = thinned((*self.evaluations, new))


def _marks(report: ProgressReport) -> tuple[object, ...]:
    return (report.stage, report.percent, report.evaluations)


def report_of(standing: Standing, evaluations: tuple[TrainingEvaluation, ...] = ()) -> ProgressReport:
    """Return the report of a standing; raises ValueError for one that no report can hold."""
    eta_s = standing.eta_s
    return ProgressReport(
        stage=standing.stage,
        step=standing.done,
        total_steps=standing.total or None,
        eta_seconds=None if eta_s is None else min(round(eta_s), LARGEST_COUNT),
        evaluations=evaluations or None,
    )

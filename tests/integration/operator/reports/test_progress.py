"""Progress from a pod into its resource's status: real tokens, a real API server, the runner's own client."""

import json
import os
import time
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.chart.helm import NAMESPACE, rendered
from integration.operator.api import Api, Body, eventually
from integration.operator.installed import operator_rights
from integration.operator.objects import SUCCEEDED, result
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.reports.listening import SERVICE, Start, made_service, make_namespace, tells
from integration.operator.stage import Stage, spec
from integration.operator.tokens import issued, signed_again
from segcompress_api.progress import ProgressReport
from segcompress_api.progress import Stage as RunStage
from segcompress_operator.reports import TRY_SECONDS
from segcompress_runner.reporting import RefusedReportError

ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/segcompress-system.segcompress-operator-progress"
REPORT = ProgressReport(stage=RunStage.COMPRESS, step=40, total_steps=100, eta_seconds=60)
TOLD = {"stage": "Compress", "step": 40, "totalSteps": 100, "percent": 40, "etaSeconds": 60}
HOUR = 3600


@pytest.fixture(scope="module")
def operator(start: Start) -> Operator:
    return start()


class Running(Stage):
    """A run whose pod is at work, and what its runner would tell."""

    def __init__(self, api: Api, folder: Path, namespace: str, name: str = "demo") -> None:
        super().__init__(api, namespace, name)
        self.apply(spec())
        self.at_work = self.runs(eventually(self._own_pod, f"a pod of {name}"))
        self._token = folder / f"{namespace}-{name}"

    def _own_pod(self) -> Body | None:
        query = f"labelSelector=segcompress.dev/job-name={self.name}"
        return next(iter(self.api.list("pods", self.namespace, query)), None)

    def sends(self, token: str, report: ProgressReport = REPORT) -> None:
        """Send as the runner does, to where its RunConfig says."""
        tells(self.at_work, token, self._token, report)

    def is_heard(self, token: str, report: ProgressReport = REPORT) -> None:
        """Send until the operator takes it: one that has just started knows no pods yet."""

        def sent() -> bool:
            try:
                self.sends(token, report)
            except OSError:
                return False
            return True

        eventually(sent, "a report taken in")

    def is_refused(self, token: str, status: int = 403) -> None:
        with pytest.raises(RefusedReportError, match=f"HTTP status {status}$"):
            self.sends(token)
        assert "progress" not in self.status()
        time.sleep(TRY_SECONDS)  # the API server is asked about one pod no more often

    def shows(self, told: Body) -> Body:
        """Wait for the progress in the status, and return it."""

        def look() -> Body | None:
            found: Body = self.status().get("progress", {})
            return found if told.items() <= found.items() else None

        return eventually(look, f"progress {told}; last: {self.status().get('progress')}")


@pytest.fixture
def run(api: Api, operator: Operator, tmp_path: Path) -> Running:
    assert operator
    return Running(api, tmp_path, make_namespace(api))


def test_report_comes_into_the_status_and_goes_with_success(api: Api, run: Running) -> None:
    run.is_heard(issued(api, run.at_work))
    progress = run.shows(TOLD)
    assert set(progress) == {*TOLD, "lastUpdateTime"}
    run.exits(run.at_work, 0, SUCCEEDED)
    run.reaches("Complete", "Succeeded")
    assert "progress" not in run.status()


def test_run_that_fails_keeps_what_it_told_last(api: Api, run: Running) -> None:
    run.is_heard(issued(api, run.at_work))
    run.shows(TOLD)
    run.exits(run.at_work, 3, result("InvalidInput"))
    run.reaches("Failed", "InvalidInput")
    kept = run.status()["progress"]
    assert (kept["percent"], kept.get("etaSeconds")) == (40, None)


def test_nobody_else_speaks_for_a_pod(api: Api, run: Running, tmp_path: Path) -> None:
    neighbour = Running(api, tmp_path, run.namespace, "neighbour")
    stranger = Running(api, tmp_path, make_namespace(api), run.name)
    for token in (
        issued(api, neighbour.at_work),
        issued(api, stranger.at_work),
        issued(api, None, run.namespace),
        issued(api, run.at_work, audience=None),
        issued(api, run.at_work, audience="vault"),
        "not-a-token",
    ):
        run.is_refused(token)
    run.is_heard(issued(api, run.at_work))
    assert "progress" not in neighbour.status()
    assert "progress" not in stranger.status()


def test_token_that_expired_is_refused(api: Api, plane: ControlPlane, run: Running) -> None:
    key, now = plane.directory / "pki" / "service-accounts.key", int(time.time())
    token = issued(api, run.at_work)
    expired = {"iat": now - 2 * HOUR, "nbf": now - 2 * HOUR, "exp": now - HOUR}
    run.is_refused(signed_again(token, key, **expired))
    run.is_heard(signed_again(token, key, exp=now + HOUR))


def test_token_is_none_of_the_api_server(api: Api, run: Running) -> None:
    """It takes tokens of its own audience alone, as the second one is."""
    accepted = []
    for audience in ("progress.segcompress.dev", None):
        review = {"spec": {"token": issued(api, run.at_work, audience=audience)}}
        answer = api.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
        accepted.append(answer["status"].get("authenticated", False))
    assert accepted == [False, True]


def test_operator_that_restarts_hears_the_same_pods(api: Api, run: Running, start: Start) -> None:
    token = issued(api, run.at_work)
    run.is_heard(token)
    run.shows(TOLD)
    start()
    run.is_heard(token, ProgressReport(stage=RunStage.EVALUATE, step=0))
    run.shows({"stage": "Evaluate", "step": 0})


@pytest.mark.usefixtures("operator")
def test_service_made_anew_is_where_the_next_pods_report(api: Api) -> None:
    api.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/services/{SERVICE}")
    address, namespace = made_service(api), make_namespace(api)
    while told(api, namespace) != [address]:
        time.sleep(1.0)


def test_operator_that_starts_without_its_service_works_and_finds_it_later(api: Api, start: Start) -> None:
    """The kubelet then leaves the variable as the chart spells it."""
    namespace = make_namespace(api)
    api.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/services/{SERVICE}")
    operator = start({"SEGCOMPRESS_PROGRESS_ADDRESS": "$(SEGCOMPRESS_OPERATOR_SERVICE_HOST)"})
    assert told(api, namespace) == []
    words = f"Service {NAMESPACE}/{SERVICE}: its address cannot be read; pods look its name up: "
    assert operator.log.read_text().count(words) == 1
    address = made_service(api)
    while told(api, namespace) != [address]:
        time.sleep(1.0)


def told(api: Api, namespace: str) -> list[str]:
    """Return the addresses that the pod of a new run is told."""
    stage = Stage(api, namespace, f"demo-{os.urandom(3).hex()}")
    stage.apply(spec())
    query = f"labelSelector=segcompress.dev/job-name={stage.name}"
    job = eventually(lambda: next(iter(api.list("jobs", namespace, query)), None), "a Job")
    return [alias["ip"] for alias in job["spec"]["template"]["spec"].get("hostAliases", ())]


def test_without_the_right_to_ask_whose_a_token_is_nothing_is_heard_and_the_run_ends_well(
    api: Api, plane: ControlPlane, run: Running, start: Start
) -> None:
    role, token = api.request("GET", ROLE), issued(api, run.at_work)
    run.is_heard(token)
    api.request("PATCH", ROLE, {"rules": []})
    try:
        operator = start()

        def refused() -> bool:
            try:
                run.sends(token)
            except RefusedReportError as error:
                return "503" in str(error)
            except OSError:
                return False
            raise AssertionError("the report was taken in")

        eventually(refused, "the report refused")
        assert "progress is not accepted: tokenreviews.authentication.k8s.io is forbidden" in (
            operator.log.read_text()
        )
        run.exits(run.at_work, 0, SUCCEEDED)
        run.reaches("Complete", "Succeeded")
    finally:
        api.request("PATCH", ROLE, {"rules": role["rules"]})
    asked = {
        (entry["verb"], entry["responseStatus"]["code"])
        for entry in map(json.loads, plane.audit_log.read_text().splitlines())
        if entry["user"]["username"] == OPERATOR_USER and "/tokenreviews" in entry["requestURI"]
    }
    assert asked == {("create", 201), ("create", 403)}
    more = operator_rights(rendered()) - operator_rights(rendered(progress__enabled=False))
    assert more == {("tokenreviews", "create"), ("services", "get")}

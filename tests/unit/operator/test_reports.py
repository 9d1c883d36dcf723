"""Who may report progress, and what the server makes of everybody else."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from segcompress_api.contract import PROGRESS_AUDIENCE
from segcompress_operator import reports
from segcompress_operator.answers import Caller
from segcompress_operator.errors import RefusedError, RetryableError
from unit.operator.reporting import GOOD, PATH, POD, REPORT, Scene, Tokens
from unit.operator.samples import NOW, OWNER, ended_body, make_resource, pod_body, resource_body


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_report_of_the_runs_pod_is_taken_in(scene: Scene) -> None:
    assert scene.play(Scene.post) == 204
    assert scene.tokens.asked == [("good", PROGRESS_AUDIENCE)]
    reported = scene.fed.runs.observe(make_resource()).reported
    assert reported is not None
    assert (reported.report.to_wire(), reported.received) == (REPORT, NOW)
    assert [ref.name for ref in scene.fed.woken] == ["demo"]


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(None, id="void token"),
        pytest.param(Caller(OWNER.namespace, "demo-pod", "another"), id="another pod of that name"),
        pytest.param(Caller(OWNER.namespace, "another", POD.pod_uid), id="another name"),
        pytest.param(Caller("elsewhere", "demo-pod", POD.pod_uid), id="another namespace"),
    ],
)
def test_token_of_anybody_else_is_refused(tmp_path: Path, caller: Caller | None) -> None:
    scene = Scene(tmp_path, Tokens(**({} if caller is None else {"good": caller})))
    assert scene.play(Scene.post) == 403
    assert scene.fed.runs.last_report(POD.pod_uid) is None


@pytest.mark.parametrize(
    ("body", "headers", "path", "status"),
    [
        pytest.param(REPORT, {"Authorization": "Basic eA=="}, PATH, 401, id="no bearer"),
        pytest.param(REPORT, {"X": "y"}, PATH, 401, id="no token"),
        pytest.param(REPORT, GOOD, "/v1/pods/unknown/progress", 404, id="unknown pod"),
        pytest.param(REPORT, GOOD, "/v1/pods/../progress", 404, id="no pod"),
        pytest.param({**REPORT, "step": 5}, GOOD, PATH, 400, id="step past the total"),
        pytest.param(b"\x00\xff{]", GOOD, PATH, 400, id="garbage"),
        pytest.param(b'{"stage":"Compress","step":NaN}', GOOD, PATH, 400, id="NaN"),
        pytest.param(b"[" * 1000, GOOD, PATH, 400, id="deep"),
        pytest.param(b"{}" + b" " * 2**19, GOOD, PATH, 413, id="half a megabyte"),
    ],
)
def test_what_is_wrong_by_itself_costs_the_api_server_nothing(
    scene: Scene, body: object, headers: dict[str, str], path: str, status: int
) -> None:
    assert scene.play(lambda s: s.post(body, path, **headers)) == status
    assert scene.tokens.asked == []
    assert scene.fed.runs.last_report(POD.pod_uid) is None


def test_pod_is_heard_every_ten_seconds(scene: Scene) -> None:
    async def act(scene: Scene) -> list[int]:
        answers = []
        for seconds in (0, 9.9, 10):
            scene.now = NOW + timedelta(seconds=seconds)
            answers.append(await scene.post())
        return answers

    assert scene.play(act) == [204, 429, 204]
    assert len(scene.tokens.asked) == 2


def test_one_pod_has_a_token_reviewed_every_second(scene: Scene) -> None:
    async def act(scene: Scene) -> list[int]:
        answers = []
        for seconds in (0, 0.9, 1):
            scene.now = NOW + timedelta(seconds=seconds)
            answers.append(await scene.post(Authorization="Bearer stolen"))
        return answers

    assert scene.play(act) == [403, 429, 403]
    assert len(scene.tokens.asked) == 2


def test_reports_that_come_at_once_count_as_one(scene: Scene) -> None:
    async def act(scene: Scene) -> list[int]:
        return sorted(await asyncio.gather(*(scene.post() for _ in range(5))))

    assert scene.play(act) == [204, 429, 429, 429, 429]


def test_all_pods_together_have_so_many_tokens_reviewed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "REVIEWS_PER_SECOND", 0.001)

    async def act(scene: Scene) -> list[int]:
        return [await scene.post(Authorization="Bearer stolen") for _ in range(3)]

    assert scene.play(act) == [429, 429, 429]
    assert scene.tokens.asked == []


@pytest.mark.parametrize(
    "error", [RetryableError("POST: no answer"), RefusedError("tokenreviews is forbidden", final=False)]
)
def test_api_server_that_cannot_tell_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    scene = Scene(tmp_path, Tokens(good=error))

    async def act(scene: Scene) -> list[int]:
        answers = []
        for seconds in range(3):
            scene.now = NOW + timedelta(seconds=seconds)
            answers.append(await scene.post())
        return answers

    assert scene.play(act) == [503, 503, 503]
    assert [record.getMessage() for record in caplog.records] == [f"progress is not accepted: {error}"]


@pytest.mark.parametrize("later", ["terminal", "replaced", "gone", "finished"])
def test_pod_that_is_no_longer_the_runs_last_is_not_heard(scene: Scene, later: str) -> None:
    fed = scene.fed
    if later == "terminal":
        fed.pods.seen(ended_body(1))
    elif later == "replaced":
        body = pod_body("next")
        body["metadata"]["creationTimestamp"] = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
        fed.pods.seen(body)
    elif later == "gone":
        fed.pods.gone(pod_body())
    else:
        done = {"observedGeneration": 1, "conditions": [{"type": "Finished", "status": "True"}]}
        fed.resources.seen(resource_body(status=done, resourceVersion="90"))
    assert scene.play(Scene.post) == 404
    assert scene.tokens.asked == []


def test_pod_that_ends_while_its_token_is_reviewed_is_not_heard(scene: Scene) -> None:
    scene.tokens.meanwhile = lambda: scene.fed.pods.seen(ended_body(1))
    assert scene.play(Scene.post) == 404
    assert scene.fed.runs.last_report(POD.pod_uid) is None


def test_reports_go_with_their_pod(scene: Scene) -> None:
    assert scene.play(Scene.post) == 204
    scene.fed.pods.gone(pod_body())
    assert scene.fed.runs.last_report(POD.pod_uid) is None

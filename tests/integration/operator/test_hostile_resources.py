"""Every hostile resource (tests/hostile): refused, one condition, or a Job like that of an innocent one."""

import os
from collections.abc import Iterator

import pytest

from devcluster.controlplane import ControlPlane
from hostile.case import Fails, Harmless, Refused
from hostile.play import Ended, differences, play, run_config_is_of
from hostile.resources import THEMES
from integration.operator.api import Api, Body
from integration.operator.installed import TEAM
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.stage import Stage, spec

CASES = {f"case-{n}": case for n, case in enumerate(case for theme in THEMES for case in theme.cases)}
REFUSALS = ("400: ", "422: ")


def chosen(end: type) -> list[object]:
    """Return the names of the cases that must come to such an end."""
    return [
        pytest.param(name, id=case.name[:80]) for name, case in CASES.items() if isinstance(case.end, end)
    ]


@pytest.fixture(scope="module")
def hostile_namespace(api: Api) -> str:
    name = f"hostile-{os.urandom(2).hex()}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    return name


@pytest.fixture(scope="module")
def operator(
    policy: None,
    plane: ControlPlane,
    hostile_namespace: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Operator]:
    assert policy is None
    log = tmp_path_factory.mktemp("hostile") / "operator.log"
    kubeconfig = plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"])
    settings = {
        "SEGCOMPRESS_ALLOWED_IMAGE_PREFIXES": TEAM,
        "SEGCOMPRESS_ALLOWED_TOLERATION_KEYS": "nvidia.com/gpu",
    }
    running = Operator(kubeconfig, log, (hostile_namespace,), settings)
    yield running
    running.kill()


@pytest.fixture(scope="module")
def innocent(api: Api, hostile_namespace: str, operator: Operator) -> Body:
    """Return the Job of a resource that asks for nothing."""
    assert operator.runs()
    stage = Stage(api, hostile_namespace, "innocent")
    stage.apply(spec(backoffLimit=2))
    return stage.job()


@pytest.fixture(scope="module")
def ends(_deep_json: None, api: Api, hostile_namespace: str, innocent: Body) -> dict[str, Ended]:
    assert innocent
    return play(api, hostile_namespace, CASES)


@pytest.mark.parametrize("name", chosen(Refused))
def test_refused_at_admission_naming_the_field(ends: dict[str, Ended], name: str) -> None:
    end = CASES[name].end
    assert isinstance(end, Refused)
    assert ends[name].refusal.startswith(REFUSALS), "taken"
    assert end.field in ends[name].refusal


@pytest.mark.parametrize("name", chosen(Fails))
def test_one_condition_and_no_job(ends: dict[str, Ended], name: str) -> None:
    end, ended = CASES[name].end, ends[name]
    assert isinstance(end, Fails)
    assert ended.refusal == ""
    told = ended.condition("Failed")
    assert (told["status"], told["reason"]) == ("True", "InvalidSpec"), told
    assert end.words in told["message"]
    assert told["message"].isprintable()
    assert ended.jobs == []


@pytest.mark.parametrize("name", chosen(Harmless))
def test_job_is_that_of_an_innocent_resource(ends: dict[str, Ended], innocent: Body, name: str) -> None:
    end, ended = CASES[name].end, ends[name]
    assert isinstance(end, Harmless)
    assert ended.refusal == ""
    assert ended.condition("Failed").get("status") != "True", ended.condition("Failed")
    (job,) = ended.jobs
    found = differences(job, innocent)
    assert {path for path in found if not path.startswith(end.where or "nowhere")} == set()
    assert all(any(path.startswith(where) for path in found) for where in end.where), "nothing differs"
    assert run_config_is_of(job, ended.resource)


def test_operator_serves_the_next_one(
    api: Api, hostile_namespace: str, operator: Operator, ends: dict[str, Ended]
) -> None:
    assert ends
    following = Stage(api, hostile_namespace, "following")
    following.apply(spec())
    following.waits("Pending")
    log = operator.log.read_text()
    assert "Traceback" not in log
    assert "a bug" not in log
    assert "\nlevel=error forged" not in log, "a line of the log was made up"
    assert "\x1b" not in log
    assert operator.stop() == 0

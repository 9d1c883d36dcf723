"""The commands for a cluster, as a user types them."""

import json
import signal
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.client.conftest import Played, Terminal
from integration.client.test_jobs import MISSED, RUNNING, SUCCEEDED
from integration.operator.api import Api
from integration.operator.objects import SPEC, resource
from integration.operator.objects import SUCCEEDED as RESULT
from integration.operator.process import OPERATOR_USER, Operator
from integration.operator.stage import Stage

MESSAGE = "AcceptanceNotMet: mIoU dropped by 0.0352; at most 0.02"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(json.dumps(resource("demo")))
    return path


def test_job_is_submitted_followed_and_done(
    terminal: Terminal, file: Path, plane: ControlPlane, api: Api, tmp_path: Path
) -> None:
    """With the operator's own process; the test is the kubelet."""
    operator = Operator(
        plane.kubeconfig_for(OPERATOR_USER, ["system:authenticated"]),
        tmp_path / "operator.log",
        (terminal.namespace,),
        {},
    )
    try:
        stage = Stage(api, terminal.namespace)
        with terminal.start("submit", str(file), "--wait") as running:
            stage.exits(stage.runs(), 0, RESULT)
            out, err = running.communicate()
        assert operator.runs()
    finally:
        operator.kill()
    assert running.returncode == 0
    assert out.splitlines() == [
        f"submitted demo to namespace {terminal.namespace}",
        "demo: Succeeded: mIoU 0.9235",
    ]
    told = err.splitlines()
    assert all(line.startswith("demo: ") for line in told)
    assert "demo: Running" in told


def test_failed_job_ends_with_1_and_its_message(terminal: Terminal, played: Played) -> None:
    played.make("demo", MISSED)
    done = terminal.run("wait", "demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(f"error: demo: {MESSAGE}")


def test_wait_gives_up_in_time(terminal: Terminal, played: Played) -> None:
    played.make("demo", RUNNING)
    done = terminal.run("wait", "demo", "--timeout", "1s")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == ["demo: Running", "error: demo is still Running after 1 s"]


def test_wait_is_stopped_by_ctrl_c(terminal: Terminal, played: Played) -> None:
    played.make("demo", RUNNING)
    with terminal.start("wait", "demo") as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "demo: Running\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()
    assert (running.returncode, out, err) == (130, "", "error: stopped by Ctrl-C\n")


def test_jobs_are_listed(terminal: Terminal, played: Played) -> None:
    assert terminal.run("list").stdout == f"no jobs in namespace {terminal.namespace}\n"
    played.make("first", SUCCEEDED)
    progress = {"stage": "Compress", "step": 4, "percent": 40, "lastUpdateTime": "2026-11-01T12:00:00Z"}
    played.make("second", {**RUNNING, "progress": progress})
    head, *rows = (line.split()[:-1] for line in terminal.run("list").stdout.splitlines())
    assert head == ["NAME", "PHASE", "STAGE", "PROGRESS", "MIOU", "DROP", "SPEEDUP"]
    assert rows == [
        ["first", "Succeeded", "-", "-", "-", "0.0052", "-"],
        ["second", "Running", "Compress", "40", "%", "-", "-", "-"],
    ]
    every = terminal.run("list", "-A").stdout.splitlines()
    assert every[0].startswith("NAMESPACE   ")
    assert any(line.split()[:2] == [terminal.namespace, "first"] for line in every)


def test_jobs_are_compared(terminal: Terminal, played: Played) -> None:
    played.make("good", SUCCEEDED)
    played.make("bad", MISSED)
    head, *rows = terminal.run("compare", "good", "bad").stdout.splitlines()
    assert head.startswith("NAME   PHASE       GATES              MIOU BEFORE")
    assert [row.split()[:5] for row in rows] == [
        ["good", "Succeeded", "passed", "0.9287", "-"],
        ["bad", "Failed", "AcceptanceNotMet", "0.9287", "-"],
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ("wait", "demoo"), "there is no job demoo in namespace {}; did you mean demo?", id="name"
        ),
        pytest.param(("compare", "demo", "y"), "there is no job y in namespace {}", id="compare"),
        pytest.param(("submit", "none.yaml"), "none.yaml: cannot be read (No such file", id="file"),
        pytest.param(
            ("list", "--context", "x"), "the kubeconfig has no context 'x'; there are: ", id="context"
        ),
        pytest.param(("list", "-l", "=,"), "found '=', expected: ", id="selector"),
    ],
)
def test_wrong_use_ends_with_one_line(
    terminal: Terminal, played: Played, arguments: tuple[str, ...], line: str
) -> None:
    played.make("demo")
    done = terminal.run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {line.format(terminal.namespace)}")
    assert len(done.stderr.splitlines()) == 1


def test_refused_job_has_a_line_for_each_field(terminal: Terminal, file: Path) -> None:
    wrong = {**SPEC, "dataset": {**SPEC["dataset"], "numClasses": 0}, "seed": -1}
    file.write_text(json.dumps(resource("demo", wrong)))
    done = terminal.run("submit", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert sorted(line.split(":")[1].strip() for line in done.stderr.splitlines()) == [
        "spec.dataset.numClasses",
        "spec.seed",
    ]


def test_two_namespaces_for_one_job_are_refused(terminal: Terminal, file: Path) -> None:
    file.write_text(json.dumps(resource("demo", namespace="other")))
    done = terminal.run("submit", str(file))
    assert done.returncode == 1
    assert done.stderr == f"error: {file}: sets namespace other, but -n is {terminal.namespace}\n"


def test_reader_that_has_read_enough_is_no_error(terminal: Terminal, played: Played) -> None:
    played.make("demo")
    with terminal.start("list") as running:
        assert running.stdout is not None
        running.stdout.close()
        running.wait()
        assert running.stderr is not None
        assert running.stderr.read() == ""

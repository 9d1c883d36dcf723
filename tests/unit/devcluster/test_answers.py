"""What is read from the cluster's answers: the node, the audit log, the process table; what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devcluster.__main__ import main, parser, status_text
from devcluster.audit import parse_request, read_requests
from devcluster.layout import Layout
from devcluster.node import not_ready_reason
from devcluster.packages import NEEDS
from devcluster.ports import free_ports
from devcluster.progress import clock_text
from devcluster.teardown import STOP_ORDER

SPOKEN = "2026-01-01T00:00:10Z"
SPOKEN_S = 1767225610.0


def node(status: str, message: str = "") -> dict[str, object]:
    ready = {"type": "Ready", "status": status, "message": message, "lastHeartbeatTime": SPOKEN}
    return {"status": {"conditions": [{"type": "MemoryPressure"}, ready]}}


@pytest.mark.parametrize(
    ("found", "since", "expected"),
    [
        pytest.param({}, 0.0, "not registered yet", id="no node"),
        pytest.param({"status": {}}, 0.0, "the kubelet has not reported yet", id="no conditions"),
        pytest.param(node("False", "cni not initialised"), 0.0, "cni not initialised", id="not ready"),
        pytest.param(node("True"), 0.0, "", id="ready"),
        pytest.param(node("True"), SPOKEN_S + 0.9, "", id="same second"),
        pytest.param(
            node("True"), SPOKEN_S + 5, "the kubelet has not reported yet", id="said by an earlier kubelet"
        ),
    ],
)
def test_why_a_node_is_not_ready(found: dict[str, object], since: float, expected: str) -> None:
    assert not_ready_reason(found, since) == expected


def event(**changes: Any) -> str:
    made = {
        "stage": "ResponseComplete",
        "verb": "patch",
        "user": {"username": "system:serviceaccount:ns:op"},
        "objectRef": {"resource": "jobs", "subresource": "status", "namespace": "t", "name": "j"},
        "responseStatus": {"code": 200},
        "stageTimestamp": "2026-01-01T00:00:10.5Z",
    }
    return json.dumps(made | changes) + "\n"


def test_a_request_is_read_from_the_audit_log() -> None:
    request = parse_request(event())
    assert request is not None
    assert (request.verb, request.resource, request.subresource) == ("patch", "jobs", "status")
    assert (request.namespace, request.name, request.code) == ("t", "j", 200)
    assert request.answered_at.timestamp() == SPOKEN_S + 0.5


def test_requests_are_counted_once_and_by_user(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    half = event()[:40]
    other = event(user={"username": "admin"}, objectRef={"resource": "nodes"})
    log.write_text(
        event(stage="ResponseStarted", verb="watch") + event() + other + event(verb="watch") + half
    )
    assert [request.verb for request in read_requests(log, "system:serviceaccount:ns:op")] == [
        "patch",
        "watch",
    ]
    assert len(list(read_requests(log))) == 3


def test_status_names_what_does_not_run() -> None:
    found: dict[str, object] = {
        "components": [
            {"name": "etcd", "pid": 7, "since": 40.0},
            {"name": "minio", "pid": None, "since": None},
        ],
        "node": {"name": "n", "ready": False, "reason": "not registered yet"},
        "apiServer": "https://a",
        "objectStore": "http://s",
        "kubeconfig": "/k",
        "auditLog": "/l",
    }
    lines = status_text(found, now=165.0).splitlines()
    assert lines[0].split(maxsplit=1) == ["etcd", "pid 7, up 2m05s"]
    assert lines[1].split(maxsplit=1) == ["minio", "not running"]
    assert lines[2].endswith("not ready: not registered yet")


def test_every_program_is_stopped_once_the_kubelet_first_and_the_sandbox_last() -> None:
    assert STOP_ORDER[0] == "kubelet"
    assert STOP_ORDER[-1] == "sandbox"
    assert len(set(STOP_ORDER)) == len(STOP_ORDER) == 9


@pytest.mark.parametrize(("seconds", "expected"), [(0.4, "0s"), (59.9, "59s"), (125.0, "2m05s")])
def test_durations(seconds: float, expected: str) -> None:
    assert clock_text(seconds) == expected


def test_free_ports_differ() -> None:
    assert len(set(free_ports(5))) == 5


def test_every_need_names_its_package() -> None:
    assert {need.package for need in NEEDS} >= {"runc", "iptables", "containernetworking-plugins"}


def test_cache_folder_can_be_named() -> None:
    assert Layout.from_environment({"SEGCOMPRESS_CACHE": "/c", "HOME": "/h"}).bin == Path("/c/bin")
    assert Layout.from_environment({"HOME": "/h"}).state == Path("/h/.cache/segcompress/cluster")


def test_an_older_kubernetes_has_a_folder_of_its_own() -> None:
    pinned = Layout.from_environment({"HOME": "/h"})
    assert (pinned.kubernetes, pinned.kubernetes_bin) == ("kubernetes", pinned.bin)
    older = Layout.from_environment({"SEGCOMPRESS_CACHE": "/c", "SEGCOMPRESS_KUBERNETES": "1.35"})
    assert (older.kubernetes, older.kubernetes_bin) == ("kubernetes-1.35", Path("/c/bin/kubernetes-1.35"))


def test_errors_end_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGCOMPRESS_CACHE", str(tmp_path))
    assert main(["env"]) == 1
    assert (
        capsys.readouterr().err == "devcluster: no cluster has been started; run `python3 -m devcluster up`\n"
    )


@pytest.mark.parametrize(
    "argv",
    [
        ["up"],
        ["down", "--purge-state"],
        ["status", "--json"],
        ["env"],
        ["build", "etcd", "helm"],
        ["load-image", "a.tar", "b.tar"],
        ["apiserver-up", "--dir", "d", "--port", "0"],
        ["apiserver-down", "--dir", "d"],
    ],
)
def test_commands_are_understood(argv: list[str]) -> None:
    assert callable(parser().parse_args(argv).run)

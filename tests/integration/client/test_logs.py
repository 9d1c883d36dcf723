"""Logs through a real API server; the test is the operator and the kubelet."""

import pytest

from integration.client.conftest import Jane, Played, Pod, Terminal
from integration.client.kubelet import Kubelet
from integration.client.proxy import TcpProxy
from integration.client.test_jobs import RUNNING, SUCCEEDED
from integration.operator.api import eventually
from integration.operator.objects import resource
from segcompress.client import Client, NotReadyError

JOB = RUNNING["jobName"]


def test_log_of_a_pod_is_printed(terminal: Terminal, played: Played, kubelet: Kubelet) -> None:
    played.make("demo", RUNNING)
    Pod(played, kubelet, JOB).runs()
    kubelet.write("Fetch started", "", "Grüße")
    done = terminal.run("logs", "demo")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Fetch started\n\nGrüße\n", "")


def test_job_without_a_pod_has_no_log(client: Client, played: Played) -> None:
    played.make("demo")
    with pytest.raises(NotReadyError, match="demo has no pod with a log yet: it is Pending"):
        list(client.logs("demo"))


def test_followed_log_ends_with_the_job(terminal: Terminal, played: Played, kubelet: Kubelet) -> None:
    """It waits for the pod, prints each line as it arrives, and resumes after a broken connection."""
    played.make("demo")
    with terminal.start("logs", "-f", "demo") as running:
        assert running.stdout is not None
        played.tell("demo", RUNNING)
        pod = Pod(played, kubelet, JOB)
        pod.runs()
        for line in ("Fetch started", "Fetch took 3 s"):
            kubelet.write(line)
            assert running.stdout.readline() == f"{line}\n"
        pod.ends()
        kubelet.end()
        played.tell("demo", SUCCEEDED)
        out, err = running.communicate()
    assert (running.returncode, out, err) == (0, "", "")


def test_followed_log_goes_on_after_a_cut_connection(
    proxy: TcpProxy, played: Played, kubelet: Kubelet
) -> None:
    client = Client.from_kubeconfig(path=proxy.kubeconfig, namespace=played.namespace)
    played.make("demo", RUNNING)
    pod = Pod(played, kubelet, JOB)
    pod.runs()
    kubelet.write("one")
    lines = client.logs("demo", follow=True)
    assert next(lines) == "one"
    proxy.break_connections()
    kubelet.write("two")
    assert next(lines) == "two"
    eventually(lambda: len(kubelet.asked) > 1, "the log asked for again")
    assert "sinceSeconds" not in kubelet.asked[0]
    assert "sinceSeconds" in kubelet.asked[-1] or "sinceTime" in kubelet.asked[-1]
    pod.ends()
    kubelet.end()
    played.tell("demo", SUCCEEDED)
    assert list(lines) == []


def test_rights_that_the_page_names_are_enough(jane: Jane, played: Played, kubelet: Kubelet) -> None:
    client = jane(
        {
            "apiGroups": ["segcompress.dev"],
            "resources": ["segcompressionjobs"],
            "verbs": ["create", "get", "list", "watch"],
        },
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    )
    client.submit(resource("demo"))
    assert [job.metadata.name for job in client.list()] == ["demo"]
    states = client.watch("demo")
    assert next(states).status.phase is None
    played.tell("demo", SUCCEEDED)
    assert [job.status.phase for job in states][-1] == "Succeeded"
    Pod(played, kubelet, JOB).runs()
    kubelet.write("Fetch started")
    assert list(client.logs("demo")) == ["Fetch started"]

"""Jobs from Python, against a real API server."""

import copy
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from devcluster.controlplane import ControlPlane
from integration.client.conftest import Played
from integration.client.proxy import TcpProxy
from integration.operator.api import Api, Body, eventually
from integration.operator.objects import SPEC, resource
from segcompress.client import (
    AlreadyExistsError,
    Client,
    ForbiddenError,
    InvalidJobError,
    NotFoundError,
    SegCompressionJob,
    UnreachableError,
    WaitTimeoutError,
    outcome,
)
from segcompress.client.cluster import Cluster
from segcompress.client.connection import from_kubeconfig
from states import states

STATUSES: dict[str, Body] = {name: state["status"] for name, state in states().items()}
RUNNING, SUCCEEDED, MISSED = (STATUSES[name] for name in ("running", "succeeded", "gate-missed"))


def job(name: str) -> SegCompressionJob:
    return SegCompressionJob.model_validate(resource(name))


def test_model_is_submitted_and_comes_back(client: Client, namespace: str) -> None:
    made = client.submit(job("demo"))
    assert (made.metadata.name, made.metadata.namespace) == ("demo", namespace)
    assert made == client.get("demo")
    assert made.spec.to_wire() == job("demo").spec.to_wire()
    assert made.metadata.creation_timestamp is not None
    assert outcome(made) is None


def test_manifest_keeps_what_no_model_has(client: Client, api: Api, namespace: str) -> None:
    manifest = {"metadata": {"generateName": "run-", "annotations": {"a": "b"}}, "spec": SPEC}
    name = client.submit(manifest).metadata.name
    assert name.startswith("run-")
    assert api.get("scj", namespace, name)["metadata"]["annotations"] == {"a": "b"}


def refused(client: Client, change: Callable[[Body], None]) -> tuple[str, ...]:
    body = copy.deepcopy(resource("demo"))
    change(body["spec"])
    with pytest.raises(InvalidJobError) as raised:
        client.submit(body)
    return raised.value.problems


def test_every_wrong_field_has_a_line(client: Client) -> None:
    def change(spec: Body) -> None:
        spec["dataset"]["numClasses"] = 0
        spec["benchmark"] = {"threads": 1000}

    lines = refused(client, change)
    assert {line.partition(":")[0] for line in lines} == {"spec.dataset.numClasses", "spec.benchmark.threads"}


def test_misspelt_field_is_answered_with_the_nearest(client: Client) -> None:
    def change(spec: Body) -> None:
        spec["dataset"]["trainTransformz"] = spec["dataset"]["trainTransforms"]
        spec["sede"] = 1

    assert set(refused(client, change)) == {
        "spec.dataset.trainTransformz: is not a field of this version; did you mean trainTransforms?",
        "spec.sede: is not a field of this version; did you mean seed?",
    }


def test_rule_of_the_schema_is_told(client: Client) -> None:
    (line,) = refused(client, lambda spec: spec["strategy"].update(preset="ChannelPrune"))
    assert line.startswith("spec.strategy: ")


def test_name_that_is_taken_is_told(client: Client) -> None:
    client.submit(job("demo"))
    with pytest.raises(AlreadyExistsError, match='"demo" already exists'):
        client.submit(job("demo"))


def test_namespace_that_is_missing_is_told(client: Client) -> None:
    client.namespace = "nowhere"
    with pytest.raises(NotFoundError, match='namespaces "nowhere" not found'):
        client.submit(job("demo"))


def test_missing_job_is_answered_with_the_nearest(client: Client) -> None:
    client.submit(job("humanseg-sparse"))
    with pytest.raises(NotFoundError, match=r"there is no job humanseg-spars in .* mean humanseg-sparse"):
        client.get("humanseg-spars")
    with pytest.raises(NotFoundError, match=r"there is no job x in namespace [^;]*$"):
        client.wait("x")


def test_user_without_rights_is_told(plane: ControlPlane, namespace: str) -> None:
    jane = Client.from_kubeconfig(path=plane.kubeconfig_for("jane"), namespace=namespace)
    with pytest.raises(ForbiddenError, match='User "jane" cannot list resource "segcompressionjobs"'):
        jane.list()


def test_jobs_are_listed_by_age_label_and_namespace(client: Client, namespace: str) -> None:
    for name, label in (("b", "x"), ("a", "y")):
        client.submit({**resource(name), "metadata": {"name": name, "labels": {"team": label}}})
    assert {one.metadata.name for one in client.list()} == {"a", "b"}
    assert [one.metadata.name for one in client.list("team=x")] == ["b"]
    assert namespace in {one.metadata.namespace for one in client.list(all_namespaces=True)}


def test_jobs_are_listed_page_by_page(
    client: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segcompress.client.cluster._PAGE", 2)
    for number in range(5):
        played.make(f"job-{number}")
    assert [one.metadata.name for one in client.list()] == [f"job-{number}" for number in range(5)]


class Waiting(threading.Thread):
    """Waits for a job as a program would, and records each phase."""

    def __init__(self, client: Client, name: str) -> None:
        super().__init__(daemon=True)
        self._client, self._name = client, name
        self.phases: list[str | None] = []
        self.job: SegCompressionJob | None = None
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.job = self._client.wait(self._name, on_change=self._note)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def _note(self, job: SegCompressionJob) -> None:
        self.phases.append(job.status.phase)

    def sees(self, phase: str | None) -> None:
        eventually(lambda: phase in self.phases, f"{phase}; only {self.phases}, {self.error}")

    def ends(self) -> SegCompressionJob:
        self.join()
        assert self.job is not None, self.error
        return self.job


@pytest.mark.parametrize(("status", "succeeded"), [(SUCCEEDED, True), (MISSED, False)])
def test_wait_tells_each_state_and_returns_the_end(
    client: Client, played: Played, status: Body, *, succeeded: bool
) -> None:
    played.make("demo")
    waiting = Waiting(client, "demo")
    waiting.sees(None)
    played.tell("demo", RUNNING)
    waiting.sees("Running")
    played.tell("demo", status)
    ended = outcome(waiting.ends())
    assert ended is not None
    assert ended.succeeded is succeeded


def test_wait_for_a_job_that_is_over_returns_at_once(client: Client, played: Played) -> None:
    played.make("demo", SUCCEEDED)
    assert client.wait("demo").status.phase == "Succeeded"


def test_wait_gives_up_in_time(client: Client, played: Played) -> None:
    played.make("demo", RUNNING)
    with pytest.raises(WaitTimeoutError, match="demo is still Running after 1 s"):
        client.wait("demo", timeout=1)


def test_deleted_job_ends_the_wait(client: Client, played: Played) -> None:
    played.make("demo", RUNNING)
    waiting = Waiting(client, "demo")
    waiting.sees("Running")
    played.api.delete("scj", played.namespace, "demo")
    waiting.join()
    assert isinstance(waiting.error, NotFoundError)
    assert str(waiting.error) == "demo was deleted meanwhile"


def test_wait_survives_a_broken_connection(proxy: TcpProxy, played: Played) -> None:
    client = Client.from_kubeconfig(path=proxy.kubeconfig, namespace=played.namespace)
    played.make("demo")
    waiting = Waiting(client, "demo")
    waiting.sees(None)
    eventually(lambda: proxy.connections, "a connection")
    for name in ("running", "suspended"):
        proxy.break_connections()
        played.tell("demo", STATUSES[name])
        waiting.sees(STATUSES[name]["phase"])
    proxy.break_connections()
    played.tell("demo", SUCCEEDED)
    assert waiting.ends().status.phase == "Succeeded"
    assert proxy.connections > 3


def test_version_that_is_too_old_ends_the_watch(plane: ControlPlane, played: Played) -> None:
    """What `watching` makes of that is tested there: it looks again."""
    body = played.make("demo")
    body["metadata"]["resourceVersion"] = "1"
    cluster = Cluster(from_kubeconfig({}, plane.kubeconfig, None))
    with pytest.raises(UnreachableError, match="too old resource version"):
        list(cluster.changes(played.namespace, "segcompressionjobs", body, 60))


def test_no_api_server_is_one_line(client: Client, tmp_path: Path, plane: ControlPlane) -> None:
    nobody = tmp_path / "nobody"
    nobody.write_text(plane.kubeconfig.read_text().replace(plane.url, "https://127.0.0.1:9"))
    lost = Client.from_kubeconfig(path=nobody, namespace=client.namespace)
    with pytest.raises(UnreachableError, match=r"https://127\.0\.0\.1:9 cannot be reached: .*refused; is"):
        lost.list()


def test_other_clusters_certificate_is_refused(plane: ControlPlane, tmp_path: Path, client: Client) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_text(plane.kubeconfig.read_text().replace("certificate-authority", "x-authority"))
    lost = Client.from_kubeconfig(path=foreign, namespace=client.namespace)
    with pytest.raises(UnreachableError, match="certificate"):
        lost.list()


def test_jobs_are_compared_in_the_order_of_their_names(client: Client, played: Played) -> None:
    played.make("good", SUCCEEDED)
    played.make("bad", MISSED)
    good, bad = client.compare("good", "bad")
    assert (good.name, good.accepted, good.missed) == ("good", True, None)
    assert (bad.name, bad.accepted, bad.missed) == ("bad", False, "AcceptanceNotMet")
    with pytest.raises(NotFoundError, match="did you mean good"):
        client.compare("good", "goood")

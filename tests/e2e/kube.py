"""What a user does at the cluster, by kubectl alone; it decides nothing about what is right."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from demo.console import DemoError, answer
from demo.target import SYSTEM_NAMESPACE, Target

Body = dict[str, Any]
Found = TypeVar("Found")

PATIENCE_SECONDS = 900.0
"""Only so that a failing test ends; no test measures time."""

_PAUSE_SECONDS = 1.5
OPERATOR = "deployment/segcompress-operator"
OPERATOR_SELECTOR = "app.kubernetes.io/name=segcompress,app.kubernetes.io/component=operator"


def eventually(look: Callable[[], Found | None], what: str, explain: Callable[[], str] = lambda: "") -> Found:
    """Return the first true value of `look`; fail naming `what`, and what was seen last, where none comes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError(f"never seen: {what}\n{explain()}")


class Kube:
    """One administrator's way to the cluster."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def __call__(self, *args: str, fed: Body | None = None) -> str:
        """Return what kubectl prints; raises DemoError with its complaint."""
        return self.target.kubectl(*args, fed=None if fed is None else json.dumps(fed))

    def refused(self, *args: str, fed: Body | None = None) -> str:
        """Return kubectl's complaint; fail where it has none."""
        try:
            answered = self(*args, fed=fed)
        except DemoError as error:
            return str(error)
        raise AssertionError(f"kubectl {' '.join(args)} was to be refused: {answered}")

    def apply(self, namespace: str, manifest: Body) -> None:
        self("apply", "-n", namespace, "-f", "-", fed=manifest)

    def get(self, kind: str, namespace: str, name: str) -> Body:
        """Return one object, or an empty one where it is not there."""
        printed = self("get", kind, "-n", namespace, name, "-o", "json", "--ignore-not-found")
        found: Body = json.loads(printed) if printed.strip() else {}
        return found

    def list(self, kind: str, namespace: str, *args: str) -> list[Body]:
        items: list[Body] = json.loads(self("get", kind, "-n", namespace, "-o", "json", *args))["items"]
        return items

    def delete(self, kind: str, namespace: str, name: str, *args: str) -> None:
        self("delete", kind, "-n", namespace, name, "--ignore-not-found", *args)

    def make_namespace(self, name: str) -> None:
        """Make a namespace that admits only restricted pods."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self(
            "apply",
            "-f",
            "-",
            fed={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        )

    def put_secret(self, namespace: str, name: str, **changes: str | None) -> None:
        """Write an object store's Secret; a key that changes to None is left out."""
        keys: dict[str, str | None] = {
            "endpoint": self.target.endpoint,
            "accessKey": self.target.access_key,
            "secretKey": self.target.secret_key,
        }
        data = {key: value for key, value in {**keys, **changes}.items() if value is not None}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}
        self.apply(namespace, body)

    def evict(self, namespace: str, pod: str) -> None:
        """Ask for a pod's eviction as `kubectl drain --grace-period=1` does."""
        meta = {"name": pod, "namespace": namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}
        body["deleteOptions"] = {"gracePeriodSeconds": 1}
        self("create", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", "-f", "-", fed=body)

    @contextmanager
    def watched(self, *args: str) -> Iterator[Callable[[], str]]:
        """Follow `kubectl get --watch`; yield a function that returns all that it printed so far."""
        command = ["kubectl", *self.target.context, "get", "--watch", *args]
        with tempfile.NamedTemporaryFile() as seen:
            process = subprocess.Popen(command, env=dict(self.target.env), stdout=seen)
            try:
                yield lambda: Path(seen.name).read_text()
            finally:
                process.terminate()
                process.wait()

    def helm(self, *args: str) -> str:
        context = ("--kube-context", self.target.context[1]) if self.target.context else ()
        return answer(["helm", *context, *args, "--namespace", SYSTEM_NAMESPACE], self.target.env)


class Operator:
    """The operator's pods, a leader and a standby, stopped and started as an administrator would."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def stop(self) -> None:
        """Return when no pod of it is left."""
        self._kube("scale", "-n", SYSTEM_NAMESPACE, OPERATOR, "--replicas=0")
        eventually(lambda: not self.pods(), "the operator gone")

    def start(self) -> None:
        """Return when both are ready."""
        self._kube("scale", "-n", SYSTEM_NAMESPACE, OPERATOR, "--replicas=2")
        self.ready()

    def ready(self) -> None:
        wait = f"--timeout={PATIENCE_SECONDS:.0f}s"
        self._kube("rollout", "status", "-n", SYSTEM_NAMESPACE, OPERATOR, wait)

    def kill(self) -> None:
        """End its processes at once, and return when other pods of it are ready."""
        killed = [pod["metadata"]["name"] for pod in self.pods()]
        self._kube("delete", "pod", "-n", SYSTEM_NAMESPACE, *killed, "--grace-period=0", "--force")
        eventually(lambda: {pod["metadata"]["name"] for pod in self.pods()} - set(killed), "another pod")
        self.ready()

    def pods(self) -> list[Body]:
        return self._kube.list("pods", SYSTEM_NAMESPACE, "-l", OPERATOR_SELECTOR)

    def log(self) -> str:
        return self._kube("logs", "-n", SYSTEM_NAMESPACE, "-l", OPERATOR_SELECTOR, "--tail=-1")

    def user(self) -> str:
        """Return the name under which the API server knows it."""
        kind, name = OPERATOR.split("/")
        deployment = self._kube.get(kind, SYSTEM_NAMESPACE, name)
        account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
        return f"system:serviceaccount:{SYSTEM_NAMESPACE}:{account}"

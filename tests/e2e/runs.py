"""One SegCompressionJob on the cluster: how to wait for what becomes of it, and how to look at it."""

import json
from dataclasses import dataclass

from demo.console import DemoError
from e2e.kube import PATIENCE_SECONDS, Body, Kube, eventually

_LABEL = "segcompress.dev/job-name"


@dataclass(frozen=True)
class Run:
    """A resource by its name."""

    kube: Kube
    namespace: str
    name: str

    def apply(self, spec: Body) -> "Run":
        """Apply the resource, and return this."""
        self.kube.apply(
            self.namespace,
            {
                "apiVersion": "segcompress.dev/v1alpha1",
                "kind": "SegCompressionJob",
                "metadata": {"name": self.name},
                "spec": spec,
            },
        )
        return self

    def resource(self) -> Body:
        return self.kube.get("scj", self.namespace, self.name)

    def status(self) -> Body:
        found: Body = self.resource().get("status", {})
        return found

    def conditions(self) -> dict[str, Body]:
        return {found["type"]: found for found in self.status().get("conditions", ())}

    def waits(self, reason: str, words: str = "") -> str:
        """Wait until the run is under way for that reason; return the message, which holds `words`."""

        def look() -> str | None:
            now = self.conditions()
            if now.get("Finished", {}).get("status") == "True":
                raise AssertionError(f"{self.name} ended instead of {reason}\n{self.explain()}")
            found = now.get("Reconciling", {})
            seen = (
                found.get("status") == "True" and found.get("reason") == reason and words in found["message"]
            )
            return str(found["message"]) if seen else None

        return eventually(look, f"{self.name}: Reconciling=True, {reason} {words}", self.explain)

    def ends(self) -> dict[str, Body]:
        """Wait for the end as a user's script does; return the conditions."""
        wait = ("--for=condition=Finished", f"--timeout={PATIENCE_SECONDS:.0f}s")
        try:
            self.kube("wait", "-n", self.namespace, f"scj/{self.name}", *wait)
        except DemoError as error:
            raise AssertionError(f"{error}\n{self.explain()}") from None
        return self.conditions()

    def fails(self, reason: str) -> str:
        """Wait for a failure; return its message, every condition of a failure checked."""
        now = self.ends()
        assert now["Failed"]["reason"] == reason, self.explain()
        self._check(now, true=("Failed", "Stalled", "Finished"))
        assert self.status()["phase"] == "Failed"
        return str(now["Failed"]["message"])

    def succeeds(self, reason: str) -> str:
        """Wait for success; return its message, every condition of success checked."""
        now = self.ends()
        assert now["Finished"]["reason"] == reason, self.explain()
        self._check(now, true=("Complete", "Ready", "Finished", "Accepted"))
        assert self.status()["phase"] == "Succeeded"
        return str(now["Complete"]["message"])

    def _check(self, now: dict[str, Body], true: tuple[str, ...]) -> None:
        assert {type_ for type_, found in now.items() if found["status"] == "True"} == set(true)
        assert {found["observedGeneration"] for found in now.values()} == {1}

    def attempts(self) -> Body:
        found: Body = self.status()["attempts"]
        return found

    def jobs(self) -> list[Body]:
        return self.kube.list("jobs", self.namespace, "-l", f"{_LABEL}={self.name}")

    def pods(self) -> list[Body]:
        """Return its pods, oldest first."""
        found = self.kube.list("pods", self.namespace, "-l", f"{_LABEL}={self.name}")
        return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def pod(self, *not_these: str) -> str:
        """Wait for a pod whose name is none of `not_these`, and return its name."""

        def look() -> str | None:
            names = [pod["metadata"]["name"] for pod in self.pods()]
            return next((name for name in names if name not in not_these), None)

        return eventually(look, f"{self.name}: a pod", self.explain)

    def log(self, pod: str) -> str:
        """Return what a pod's runner said so far, "" before it runs."""
        try:
            return self.kube("logs", "-n", self.namespace, pod)
        except DemoError:
            return ""

    def says(self, pod: str, words: str) -> None:
        """Wait until a pod's log holds `words`."""
        eventually(lambda: words in self.log(pod), f"{pod} saying {words!r}", self.explain)

    def events(self) -> list[str]:
        """Return the reasons of the Events about the resource."""
        about = "involvedObject.kind=SegCompressionJob,involvedObject.name=" + self.name
        found = self.kube.list("events", self.namespace, "--field-selector", about)
        return sorted(str(event["reason"]) for event in found)

    def explain(self) -> str:
        """Return everything that a person would look at after a failure."""
        lines = [f"{self.namespace}/{self.name}: {json.dumps(self.status(), indent=1)}"]
        for pod in self.pods():
            name, status = pod["metadata"]["name"], pod["status"]
            lines.append(f"pod {name}: {json.dumps(status.get('containerStatuses', status), indent=1)}")
            lines.append(self.log(name)[-3000:])
        return "\n".join(lines)

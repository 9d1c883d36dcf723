"""One SegCompressionSweep on the cluster: how to wait for its end, and how to read it and its trials."""

import json
from dataclasses import dataclass

from demo.console import DemoError
from e2e.kube import PATIENCE_SECONDS, Body, Kube
from e2e.runs import Run

_SWEEP_LABEL = "segcompress.dev/sweep-name"
_TRIAL_LABEL = "segcompress.dev/trial"
_PARAMETERS = "segcompress.dev/parameters"


@dataclass(frozen=True)
class Sweep:
    """A resource by its name."""

    kube: Kube
    namespace: str
    name: str

    def apply(self, spec: Body) -> "Sweep":
        """Apply the resource, and return this."""
        self.kube.apply(
            self.namespace,
            {
                "apiVersion": "segcompress.dev/v1alpha1",
                "kind": "SegCompressionSweep",
                "metadata": {"name": self.name},
                "spec": spec,
            },
        )
        return self

    def status(self) -> Body:
        found: Body = self.kube.get("scs", self.namespace, self.name).get("status", {})
        return found

    def succeeds(self) -> str:
        """Wait for the end as a user's script does; return the message of a sweep that succeeded."""
        wait = ("--for=condition=Finished", f"--timeout={PATIENCE_SECONDS:.0f}s")
        try:
            self.kube("wait", "-n", self.namespace, f"scs/{self.name}", *wait)
        except DemoError as error:
            raise AssertionError(f"{error}\n{self.explain()}") from None
        now = {found["type"]: found for found in self.status()["conditions"]}
        assert now["Finished"]["reason"] == "Succeeded", self.explain()
        assert {type_ for type_, found in now.items() if found["status"] == "True"} == {
            "Complete",
            "Ready",
            "Finished",
        }
        assert self.status()["phase"] == "Succeeded"
        return str(now["Complete"]["message"])

    def trials(self) -> list[Body]:
        """Return its trials in the order of their index."""
        found = self.kube.list("scj", self.namespace, "-l", f"{_SWEEP_LABEL}={self.name}")
        return sorted(found, key=lambda trial: int(trial["metadata"]["labels"][_TRIAL_LABEL]))

    def parameters(self, trial: Body) -> dict[str, str]:
        """Return the parameters of one of its trials."""
        found: dict[str, str] = json.loads(trial["metadata"]["annotations"][_PARAMETERS])
        return found

    def explain(self) -> str:
        """Return everything that a person would look at after a failure."""
        runs = [Run(self.kube, self.namespace, trial["metadata"]["name"]) for trial in self.trials()]
        told = f"{self.namespace}/{self.name}: {json.dumps(self.status(), indent=1)}"
        return "\n".join([told, *(run.explain() for run in runs)])

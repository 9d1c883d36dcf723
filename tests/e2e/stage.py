"""Scenarios of how a run can end, each a run of its own, several at a time.

A scenario is a function that makes one thing happen on the cluster and checks how it ends. Each is the
`scenario` parameter of a test; all that were selected start together, so that waiting takes the time of the
longest.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from e2e.kube import Body, Kube
from e2e.runs import Run
from e2e.specs import spec

OUTPUT = "s3://compressed/"

LIGHT: Body = {"runtime__resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
"""Changes of a run that ends, or waits, before Paddle is imported."""

RESOLVED: Body = {**LIGHT, "dataset__trainList": "absent.txt"}
"""Changes of a run that waits for something: once that is there, it ends within a second."""


@dataclass(frozen=True)
class Stage:
    """A namespace with a Secret `object-store`; `token` keeps the outputs of one session apart."""

    kube: Kube
    namespace: str
    token: str
    fault_image: str = ""

    def output(self, name: str) -> str:
        return f"{OUTPUT}{self.token}/{name}/"

    def run(self, name: str, **changes: Any) -> Run:
        """Apply the small spec with some changes."""
        return Run(self.kube, self.namespace, name).apply(spec(self.output(name), **changes))

    def elsewhere(self, suffix: str) -> "Stage":
        """Return a stage in a namespace of its own."""
        other = replace(self, namespace=f"{self.namespace}-{suffix}")
        self.kube.make_namespace(other.namespace)
        self.kube.put_secret(other.namespace, "object-store")
        return other


Scenario = Callable[[Stage], None]


def scenario_id(scenario: object) -> str:
    """Return how a test's id names a scenario."""
    return str(getattr(scenario, "name", None) or getattr(scenario, "__name__", scenario))

"""A namespace with one sweep: the Job controller is real, the tests act as the kubelet."""

import copy
import json
from http import HTTPStatus
from typing import Any

from integration.operator import objects
from integration.operator.api import Api, ApiError, Body, eventually

PARAMETERS: list[Body] = [
    {"name": "ratio", "path": "strategy.UnstructurePrune.ratio", "values": ["0.5", "0.65", "0.8"]},
    {"name": "rate", "path": "strategy.TrainConfig.learning_rate", "values": ["0.001", "0.01"]},
]
GRID = [{"ratio": ratio, "rate": rate} for ratio in ("0.5", "0.65", "0.8") for rate in ("0.001", "0.01")]
"""The points of these parameters, in the order in which a Grid takes them."""

RANGES: list[Body] = [
    {"name": "ratio", "path": "strategy.UnstructurePrune.ratio", "range": {"min": "0.3", "max": "0.95"}},
    {
        "name": "rate",
        "path": "strategy.TrainConfig.learning_rate",
        "range": {"min": "0.0005", "max": "0.05", "scale": "Log"},
    },
]
"""The same fields, with as many points as a sweep may want: no two trials are alike by chance."""

OBJECTIVES = [
    {"metric": "compressed.miou", "goal": "Maximize"},
    {"metric": "compressed.latencyMs", "goal": "Minimize"},
]


def sweep_spec(**changes: Any) -> Body:
    """Return a sweep of six trials, two at a time."""
    spec = {
        "template": {"spec": objects.SPEC},
        "parameters": PARAMETERS,
        "algorithm": {"name": "Grid"},
        "objectives": OBJECTIVES,
        "constraints": [{"metric": "miouDrop", "max": "0.03"}],
        "maxTrials": 100,
        "parallelTrials": 2,
    }
    return {**spec, **changes}


def sweep_body(name: str, spec: Body) -> Body:
    """Return a sweep as a user writes it."""
    return {
        "apiVersion": "segcompress.dev/v1alpha1",
        "kind": "SegCompressionSweep",
        "metadata": {"name": name},
        "spec": spec,
    }


def figures(ratio: float, rate: float) -> Body:
    """Return what a trial measures: zeros cost accuracy and save time, and the lower rate is worse."""
    drop = (ratio - 0.5) / 10 + (0.005 if rate < 0.005 else 0.0)
    compressed = {
        "miou": f"{0.93 - drop:.4f}",
        "latencyMs": f"{60 - 40 * ratio:.3f}",
        "sizeBytes": 555918,
        "sparsity": f"{ratio:.4f}",
    }
    return {
        "baseline": {"miou": "0.9300", "latencyMs": "60.000", "sizeBytes": 555918},
        "compressed": compressed,
        "miouDrop": f"{drop:.4f}",
    }


class SweepStage:
    """One sweep called `widths` and what the cluster does with it."""

    def __init__(self, api: Api, namespace: str, name: str = "widths") -> None:
        self.api = api
        self.namespace = namespace
        self.name = name
        self.most_at_once = 0
        self._played: set[str] = set()

    def apply(self, spec: Body) -> Body:
        return self.api.create("scs", self.namespace, sweep_body(self.name, spec))

    def edit(self, **spec: object) -> None:
        """Change fields of the spec."""
        self.api.patch("scs", self.namespace, self.name, {"spec": spec})

    def counted(self, state: str) -> int:
        """Return how many trials the status counts, 0 before the first round has ended."""
        return int((self.status().get("trials") or {}).get(state, 0))

    def status(self) -> Body:
        found: Body = self.api.get("scs", self.namespace, self.name).get("status", {})
        return found

    def condition(self, type_: str) -> Body:
        return next((c for c in self.status().get("conditions", ()) if c["type"] == type_), {})

    def reaches(self, type_: str, reason: str, status: str = "True") -> Body:
        """Wait for the condition, and return it."""

        def look() -> Body | None:
            now = self.condition(type_)
            return now if (now.get("status"), now.get("reason")) == (status, reason) else None

        return eventually(look, f"{type_}={status} {reason}; last: {self.condition(type_)}")

    def trials(self) -> list[Body]:
        """Return the trials in the order of their index."""
        found = self.api.list("scj", self.namespace, f"labelSelector=segcompress.dev/sweep-name={self.name}")
        return sorted(found, key=lambda each: int(each["metadata"]["labels"]["segcompress.dev/trial"]))

    def await_trials(self, count: int) -> list[Body]:
        """Wait until there are so many trials."""
        return eventually(lambda: _if_so_many(self.trials(), count), f"{count} trials")

    def identities(self) -> list[tuple[str, str]]:
        """Return name and uid of each trial: a trial that was created twice has another uid."""
        return [(each["metadata"]["name"], each["metadata"]["uid"]) for each in self.trials()]

    def points(self) -> list[Body]:
        return [
            json.loads(each["metadata"]["annotations"]["segcompress.dev/parameters"])
            for each in self.trials()
        ]

    def pods(self) -> list[Body]:
        """Return the pods that have not ended."""
        found = self.api.list("pods", self.namespace)
        ended = ("Succeeded", "Failed")
        return [
            pod
            for pod in found
            if pod.get("status", {}).get("phase") not in ended
            and not pod["metadata"].get("deletionTimestamp")
        ]

    def await_pods(self, count: int) -> list[Body]:
        """Wait until there are so many pods that have not ended."""
        return eventually(lambda: _if_so_many(self.pods(), count), f"{count} pods")

    def done_before(self, name: str, at: Body, labels: Body) -> None:
        """Create a job by hand at that point, and let it end."""
        spec = copy.deepcopy(objects.SPEC)
        spec["strategy"]["UnstructurePrune"]["ratio"] = float(at["ratio"])
        spec["strategy"]["TrainConfig"]["learning_rate"] = float(at["rate"])
        job = objects.resource(name, spec)
        job["metadata"]["labels"] = labels
        self.api.create("scj", self.namespace, job)
        (pod,) = self.await_pods(1)
        self.ends(pod)
        eventually(lambda: _is_finished(self.api.get("scj", self.namespace, name)), f"{name} finished")

    def ends(self, pod: Body, code: int = 0, message: str | None = None) -> None:
        """Let a pod's trial end; by default it succeeds, with the metrics of its parameters."""
        trial = self.api.get("scj", self.namespace, pod["metadata"]["labels"]["segcompress.dev/job-name"])
        strategy = trial["spec"]["strategy"]
        measured = figures(strategy["UnstructurePrune"]["ratio"], strategy["TrainConfig"]["learning_rate"])
        good = objects.result("Succeeded", metrics=measured, artifacts=objects.ARTIFACTS)
        name = pod["metadata"]["name"]
        patch = objects.pod_ended(code, good if message is None else message)
        self.api.patch("pods", self.namespace, f"{name}/status", patch)
        self._played.add(name)

    def plays(self, until: int | None = None) -> None:
        """Let pods end one after the other, until so many did or the sweep is finished."""

        def step() -> bool:
            pods = [pod for pod in self.pods() if pod["metadata"]["name"] not in self._played]
            running = [each for each in self.trials() if not _is_finished(each)]
            self.most_at_once = max(self.most_at_once, len(running))
            if until is not None and len(self._played) >= until:
                return True
            if pods:
                self._ends_unless_gone(pods[0])
            return self.condition("Finished").get("status") == "True"

        eventually(step, f"the sweep played; last: {self.condition('Reconciling')}")

    def _ends_unless_gone(self, pod: Body) -> None:
        """Let a pod's trial end; the sweep may have suspended it meanwhile."""
        try:
            self.ends(pod)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def events(self) -> list[str]:
        query = f"fieldSelector=involvedObject.kind=SegCompressionSweep,involvedObject.name={self.name}"
        return sorted(event["reason"] for event in self.api.list("events", self.namespace, query))


def _if_so_many(found: list[Body], count: int) -> list[Body] | None:
    return found if len(found) == count else None


def _is_finished(trial: Body) -> bool:
    conditions = trial.get("status", {}).get("conditions", ())
    return any(each["type"] == "Finished" and each["status"] == "True" for each in conditions)

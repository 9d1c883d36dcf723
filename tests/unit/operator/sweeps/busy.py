"""A cluster that answers requests for trials side by side, and a sweep on it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from segcompress_operator.cluster import NameTakenError
from segcompress_operator.errors import GoneError, OperatorError, RefusedError
from segcompress_operator.kinds import Ref
from segcompress_operator.planning.sweeps.making import MORE_A_ROUND
from segcompress_operator.planning.sweeps.observed import Sweep
from segcompress_operator.sweep_controller import SweepController
from unit.operator.fed import versioned
from unit.operator.samples import NOW
from unit.operator.sweeps.fed_sweeps import REF, Body, FakeCluster, FedSweeps, plan
from unit.operator.sweeps.sweep_samples import child_body, spec_body, sweep_body


def seeds(count: int, **changes: Any) -> Body:
    """Return a sweep of so many points."""
    parameter = {"name": "seed", "path": "seed", "range": {"min": "1", "max": str(count), "step": "1"}}
    return spec_body(parameters=[parameter], **changes)


MANY = seeds(100, parallelTrials=MORE_A_ROUND)
"""The first round creates all that may run."""


class Busy(FakeCluster):
    """Answers in the order of the requests, once all that come together have come.

    `problems` are raised for the trials of these indices; one that got no answer was created all the same.
    """

    def __init__(self, fed: FedSweeps, problems: Mapping[int, Exception] | None = None) -> None:
        super().__init__(fed)
        self.problems = dict(problems or {})
        self.made: dict[str, Body] = {}
        self.most = 0
        self._waiting = 0

    async def create(self, manifest: Mapping[str, Any]) -> Body:
        await self._together()
        name, index = (
            manifest["metadata"]["name"],
            int(manifest["metadata"]["labels"]["segcompress.dev/trial"]),
        )
        self._called("create", index)
        problem = self.problems.get(index)
        if not isinstance(problem, RefusedError | NameTakenError | GoneError):
            point = json.loads(manifest["metadata"]["annotations"]["segcompress.dev/parameters"])
            self.made.setdefault(name, versioned(child_body(index, point), 50))
        if problem is not None:
            raise problem
        return self.made[name]

    async def get(self, ref: Ref) -> Body:
        await self._together()
        self._called("get", ref.name)
        if ref.name not in self.made:
            raise GoneError(ref.name)
        return self.made[ref.name]

    async def patch(self, ref: Ref, patch: Mapping[str, Any]) -> Body:
        await self._together()
        return await super().patch(ref, patch)

    async def _together(self) -> None:
        self._waiting += 1
        self.most = max(self.most, self._waiting)
        for _ in range(3):
            await asyncio.sleep(0)
        self._waiting -= 1

    @property
    def indices(self) -> list[int]:
        return [what for name, what in self.calls if name == "create"]


def stage(
    problems: Mapping[int, Exception] | None = None, spec: Body = MANY
) -> tuple[FedSweeps, Busy, Callable[[], Any]]:
    """Return a sweep, its cluster, and a function that reconciles it once and returns the result."""
    fed = FedSweeps()
    fed.sink.seen(sweep_body(spec))
    cluster = Busy(fed, problems)
    cluster.spec = spec
    controller = SweepController(fed.sweeps, plan, cluster, lambda: NOW)

    def reconcile() -> Any:
        try:
            return asyncio.run(controller.reconcile(REF))
        except OperatorError as error:
            return error

    return fed, cluster, reconcile


def sweep_of(fed: FedSweeps) -> Sweep:
    sweep = fed.sweeps.sweep(REF)
    assert sweep is not None
    return sweep

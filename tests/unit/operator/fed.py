"""Runs that a test feeds by hand, in the place of the streams."""

from collections.abc import Callable
from typing import Any

from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, Ref
from segcompress_operator.runs import Runs
from unit.operator.samples import OWNER, job_body, make_resource, resource_body

REF = Ref(COMPRESSION_JOBS, OWNER.namespace, OWNER.name)
KINDS = (COMPRESSION_JOBS, JOBS, PODS)

Body = dict[str, Any]

RESOURCE = make_resource()
DONE = {"observedGeneration": 1, "conditions": [{"type": "Finished", "status": "True"}]}
"""The status of a run that has ended."""


def versioned(body: Body, version: int) -> Body:
    return {**body, "metadata": {**body["metadata"], "resourceVersion": str(version)}}


class Fed:
    """Runs whose kinds were all listed, empty, at version 1; `woken` holds the keys of each wake-up."""

    def __init__(self, wake: Callable[[Ref], None] | None = None, *, listed: bool = True) -> None:
        self.woken: list[Ref] = []
        self.runs = Runs(wake or self.woken.append)
        self.resources, self.jobs, self.pods = (self.runs.sinks()[kind] for kind in KINDS)
        if listed:
            for sink in (self.resources, self.jobs, self.pods):
                sink.listed(None, "1", set())

    @property
    def waking(self) -> list[Ref]:
        """Return who was woken since the last look."""
        woken = [*self.woken]
        self.woken.clear()
        return woken


def fed_with_a_job() -> Fed:
    """Return runs that know the sample resource and its Job, and have woken it already."""
    feed = Fed()
    feed.resources.seen(resource_body())
    feed.jobs.seen(job_body())
    feed.woken.clear()
    return feed

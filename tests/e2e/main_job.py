"""The main job: both examples by the demo's own functions, on the sample or on SEGCOMPRESS_TEST_DATA."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demo.__main__ import EXAMPLES
from demo.inputs import own_inputs, sample_inputs, upload
from demo.jobs import job_for, prepare_namespace, run_job
from demo.target import Target
from e2e.kube import Body


@dataclass(frozen=True)
class Finished:
    """A finished resource, when it was applied, and what it was applied from."""

    resource: Body
    asked: Body
    since: datetime

    @property
    def name(self) -> str:
        return str(self.resource["metadata"]["name"])

    @property
    def metrics(self) -> Body:
        found: Body = self.resource["status"]["metrics"]
        return found


def run_main_job(target: Target, remove: Callable[[str], None]) -> dict[str, Finished]:
    """Run both examples, one after the other; what `remove` finds under their output goes first.

    So both train, and whatever runs them again afterwards finds them published.
    """
    data = os.environ.get("SEGCOMPRESS_TEST_DATA")
    inputs = own_inputs(Path(data).resolve()) if data else sample_inputs()
    upload(inputs, target)
    prepare_namespace(target)
    finished = {}
    for title, example in EXAMPLES.items():
        job, since = job_for(example, inputs, target), datetime.now(UTC)
        remove(job["spec"]["output"]["uri"])
        finished[title] = Finished(run_job(job, target), job, since)
    return finished

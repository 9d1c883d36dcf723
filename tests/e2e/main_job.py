"""The main job: both examples by the demo's own functions, on the sample or on SEGCOMPRESS_TEST_DATA."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demo.__main__ import EXAMPLES
from demo.inputs import own_inputs, sample_inputs, upload
from demo.jobs import NAMESPACE, job_for, prepare_namespace, run_job
from e2e.kube import Body, Kube

_PROGRESS = r'{.metadata.name}={.status.progress}{"\n"}'


@dataclass(frozen=True)
class Finished:
    """A finished resource, when it was applied, what it was applied from, and the progress that it showed."""

    resource: Body
    asked: Body
    since: datetime
    progress: tuple[Body, ...]

    @property
    def name(self) -> str:
        return str(self.resource["metadata"]["name"])

    @property
    def metrics(self) -> Body:
        found: Body = self.resource["status"]["metrics"]
        return found


def run_main_job(kube: Kube, remove: Callable[[str], None]) -> dict[str, Finished]:
    """Run both examples, one after the other; what `remove` finds under their output goes first.

    So both train, and whatever runs them again afterwards finds them published.
    """
    target, data = kube.target, os.environ.get("SEGCOMPRESS_TEST_DATA")
    inputs = own_inputs(Path(data).resolve()) if data else sample_inputs()
    upload(inputs, target)
    prepare_namespace(target)
    finished = {}
    for title, example in EXAMPLES.items():
        job, since = job_for(example, inputs, target), datetime.now(UTC)
        remove(job["spec"]["output"]["uri"])
        with kube.watched("scj", "-n", NAMESPACE, "-o", f"jsonpath={_PROGRESS}") as seen:
            ended = run_job(job, target)
            finished[title] = Finished(ended, job, since, _progress(job["metadata"]["name"], seen()))
    return finished


def _progress(name: str, seen: str) -> tuple[Body, ...]:
    """Return each progress that the resource showed, in their order."""
    lines = [line.partition("=")[2] for line in seen.splitlines() if line.startswith(f"{name}=")]
    shown = [line for line, before in zip(lines, ["", *lines], strict=False) if line and line != before]
    return tuple(json.loads(line) for line in shown)

"""Trials that a sweep finds when it starts: finished jobs with the labels of its `knownTrials`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from segcompress_api.space import Space
from segcompress_api.trials import Trial
from segcompress_operator.planning.parsing import Body, controller_uid, parse_resource
from segcompress_operator.planning.sweeps.trials import ended_trial

KNOWN_LIMIT = 1000
"""How many jobs are kept, the newest first: as many as a search learns from."""


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A finished job as a trial; `ended` is its completion time in RFC 3339, which sorts as text."""

    ended: str
    trial: Trial


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """Which jobs a sweep reads, and how it turns them into trials."""

    sweep_uid: str
    labels: tuple[tuple[str, str], ...]
    space: Space

    @property
    def selector(self) -> str:
        """Return the labels as a selector."""
        return ",".join(f"{key}={value}" for key, value in self.labels)

    def jobs(self, bodies: Iterable[Body]) -> list[KnownJob]:
        """Return finished jobs at points of the sweep's space that are not its own trials."""
        found = (self._job(body) for body in bodies)
        return [job for job in found if job is not None]

    def _job(self, body: Body) -> KnownJob | None:
        child = parse_resource(body)
        if not child.finished or controller_uid(body) == self.sweep_uid:
            return None
        point = self.space.point_of(body["spec"])
        if point is None:
            return None
        return KnownJob(str(body["status"].get("completionTime", "")), ended_trial(child, 0, point))


def newest(jobs: Sequence[KnownJob]) -> list[KnownJob]:
    """Return the newest KNOWN_LIMIT jobs, the newest last."""
    return sorted(jobs, key=lambda job: (job.ended, job.trial.name))[-KNOWN_LIMIT:]


def as_trials(jobs: Sequence[KnownJob]) -> tuple[Trial, ...]:
    """Return the jobs as trials with negative indices, before the sweep's own."""
    return tuple(replace(job.trial, index=index - len(jobs)) for index, job in enumerate(jobs))

"""Trials that a sweep finds when it starts: finished jobs with the labels of its `knownTrials`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from segcompress_api.trials import Trial
from segcompress_operator.planning.parsing import Body, controller_uid, parse_resource
from segcompress_operator.planning.sweeps.space import Space
from segcompress_operator.planning.sweeps.trials import ended_trial

KNOWN_LIMIT = 1000
"""Jobs of which the newest are kept: as many as a search learns from."""


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job that was found, as a trial; `ended` is when, as RFC 3339 in UTC: sorts as text."""

    ended: str
    trial: Trial


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """Which jobs a sweep asks for, and what it makes of them."""

    sweep_uid: str
    labels: tuple[tuple[str, str], ...]
    space: Space

    @property
    def selector(self) -> str:
        """Return the labels as the API server takes them."""
        return ",".join(f"{key}={value}" for key, value in self.labels)

    def jobs(self, bodies: Iterable[Body]) -> list[KnownJob]:
        """Return those that ended, at a point of the sweep's space, and are not trials of its own."""
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
    """Return as many as are kept, the newest last."""
    return sorted(jobs, key=lambda job: (job.ended, job.trial.name))[-KNOWN_LIMIT:]


def as_trials(jobs: Sequence[KnownJob]) -> tuple[Trial, ...]:
    """Return them as trials before the first of the sweep's own: their indices are negative."""
    return tuple(replace(job.trial, index=index - len(jobs)) for index, job in enumerate(jobs))

"""The Job controller and the kubelet: each Job gets a pod, which reports, and ends as its point says."""

import random
from dataclasses import dataclass, field

from segcompress_api.progress import ProgressReport, Stage, TrainingEvaluation
from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, Kind
from unit.operator.samples import result
from unit.operator.simulation.process import Process
from unit.operator.simulation.server import Body, Server
from unit.operator.sweeps.sweep_samples import metrics

STEPS = (100, 200, 300, 400)
"""Iterations of training before each evaluation."""

STOPPED = 5
"""Exit code of a runner that is asked to stop."""

CRASHES_OF = 12
"""One in so many points crashes, and one misses a gate."""


@dataclass(frozen=True)
class Course:
    """What a run at a point does: a function of the point alone."""

    seconds: float
    miou: float
    ends: str

    @property
    def code(self) -> int:
        """Return the exit code of the runner."""
        return {"Succeeded": 0, "AcceptanceNotMet": 4}.get(self.ends, 1)

    def message(self) -> str:
        """Return the termination message."""
        if self.code == 1:
            return ""
        return result(self.ends, metrics=metrics(self.miou, 5 + 100 * (1 - self.miou)))

    def evaluations(self, count: int) -> tuple[TrainingEvaluation, ...]:
        """Return the first evaluations: the mIoU grows towards the end."""
        shares = [(step, self.miou * (0.6 + 0.1 * number)) for number, step in enumerate(STEPS, start=1)]
        return tuple(TrainingEvaluation(step=step, miou=f"{miou:.4f}") for step, miou in shares[:count])


def course_of(parameters: str) -> Course:
    """Return what a run at that point does."""
    chance = random.Random(parameters)  # noqa: S311 - no secret
    ends = {0: "Crashed", 1: "AcceptanceNotMet"}.get(chance.randrange(CRASHES_OF), "Succeeded")
    return Course(chance.uniform(5.0, 40.0), chance.uniform(0.7, 0.9), ends)


@dataclass
class Nodes:
    """Plays a pod for each Job; what it reports goes to the operator that runs at the time."""

    server: Server
    chance: random.Random
    operator: Process | None = None
    _leaving: set[str] = field(default_factory=set)

    def follow(self, kind: Kind, type_: str, body: Body) -> None:
        """Take up a Job that was created, and see off one that is to be deleted."""
        if kind != JOBS:
            return
        uid, later = body["metadata"]["uid"], self.server.loop.call_later
        if type_ == "ADDED":
            later(self.chance.uniform(0.1, 2.0), self._start, uid)
        elif type_ == "MODIFIED" and "deletionTimestamp" in body["metadata"] and uid not in self._leaving:
            self._leaving.add(uid)
            later(self.chance.uniform(0.1, 2.0), self._see_off, uid)

    def _start(self, uid: str) -> None:
        job = self.server.objects[JOBS].get(uid)
        if job is None or "deletionTimestamp" in job["metadata"]:
            return
        self.server.start_pod(job)
        course = self._course(job)
        for number in range(1, len(STEPS) + 1):
            wait = course.seconds * number / (len(STEPS) + 1)
            self.server.loop.call_later(wait, self._report, uid, course.evaluations(number))
        self.server.loop.call_later(course.seconds, self._end, uid, course)

    def _course(self, job: Body) -> Course:
        trial = self.server.objects[COMPRESSION_JOBS][job["metadata"]["ownerReferences"][0]["uid"]]
        return course_of(trial["metadata"]["annotations"]["segcompress.dev/parameters"])

    def _report(self, uid: str, evaluations: tuple[TrainingEvaluation, ...]) -> None:
        for pod in self.server.owned(PODS, uid):
            known = None if self.operator is None else self.operator.runs.reporter(pod["metadata"]["uid"])
            if self.operator is not None and known is not None:
                step = evaluations[-1].step
                report = ProgressReport(stage=Stage.COMPRESS, step=step, evaluations=evaluations)
                self.operator.runs.take_report(known, report, self.operator.clock())

    def _end(self, uid: str, course: Course) -> None:
        """End the pod, and then its Job."""
        job, pods = self.server.objects[JOBS].get(uid), self.server.owned(PODS, uid)
        if job is None or "deletionTimestamp" in job["metadata"] or not pods:
            return
        self.server.end_pod(pods[-1], course.code, course.message())
        self.server.loop.call_later(0.1, self._finish, uid, course)

    def _finish(self, uid: str, course: Course) -> None:
        job = self.server.objects[JOBS].get(uid)
        if job is None:
            return
        if course.code == 0:
            self.server.finish(job)
            return
        why = "BackoffLimitExceeded" if course.code == 1 else "PodFailurePolicy"
        end = {"status": "True", "reason": why, "message": why, "lastTransitionTime": self.server.at()}
        conditions = [{"type": "FailureTarget", **end}, {"type": "Failed", **end}]
        self.server.put(JOBS, {**job, "status": {**job["status"], "failed": 1, "conditions": conditions}})

    def _see_off(self, uid: str) -> None:
        """Take the next step of a Job that is being deleted."""
        job = self.server.objects[JOBS].get(uid)
        if job is not None:
            self.server.finish_deletion(job, self.server.owned(PODS, uid), STOPPED)
            self.server.loop.call_later(0.5, self._see_off, uid)

"""Stores and plan against a model of the cluster: events late, repeated and lost, answers late and lost.

`make test-model` takes 10,000 random steps; the unit tests take fewer, and the same each time.
"""

import json
import os
from collections.abc import Callable, Collection
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from segcompress_operator.errors import GoneError, RetryableError
from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, Ref
from segcompress_operator.planning.job import plan_job
from segcompress_operator.planning.observed import Resource
from segcompress_operator.planning.parsing import parse_pod
from segcompress_operator.planning.plan import Plan
from segcompress_operator.planning.statuses import parse_status, status_patch
from segcompress_operator.resources.names import BATCH_JOB_NAME_LABEL
from unit.operator.modelled import Body
from unit.operator.modelled_world import KINDS, NAMES, World, codes, names
from unit.operator.samples import NOW, OWNER, SETTINGS

STEPS = int(os.environ.get("SEGCOMPRESS_MODEL_STEPS", "1000"))
STEPS_EACH = 100

pytestmark = pytest.mark.timeout(120 + STEPS // 10)


class Model(World):
    """The controller in that world: rounds whose answers come late, or never."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Callable[[], None]] = {}

    @rule(name=names)
    def reconcile(self, name: str) -> None:
        """Begin a round; its answer comes later, or never."""
        if name in self.answers:
            return
        resource = self.runs.resource(Ref(COMPRESSION_JOBS, OWNER.namespace, name))
        if resource is None:
            return
        plan = self.plan(resource)
        if plan.list_pods_of is not None:
            self.runs.pods_listed(plan.list_pods_of, self.truth.owned(PODS, plan.list_pods_of))
            plan = self.plan(resource)
        if plan.list_left_of:
            plan = self.look_behind(resource, plan.list_left_of)
        self.carry_out(name, resource, plan)

    def plan(self, resource: Resource) -> Plan:
        now = NOW + timedelta(seconds=self.truth.seconds)
        return plan_job(resource, self.runs.observe(resource), SETTINGS, now)

    def look_behind(self, resource: Resource, job_names: Collection[str]) -> Plan:
        """Find Jobs that the streams have yet to deliver, or otherwise take in orphaned pods."""
        found = next(filter(None, (self.truth.named(JOBS, name) for name in job_names)), None)
        if found is None:
            self.runs.left_listed(resource, self.pods_of(job_names))
        else:
            self.runs.job_written(found)
        return self.plan(resource)

    def pods_of(self, job_names: Collection[str]) -> list[Body]:
        """Return the pods of Jobs of those names."""
        pods = self.truth.objects[PODS].values()
        return [pod for pod in pods if pod["metadata"]["labels"][BATCH_JOB_NAME_LABEL] in job_names]

    def carry_out(self, name: str, resource: Resource, plan: Plan) -> None:
        if plan.create is not None:
            self.check_no_ghost(resource)
            self.check_no_pod_runs_on(resource, plan.create["metadata"]["name"])
            made = self.truth.create(plan.create)
            self.answers[name] = lambda: self.runs.job_written(made)
            return
        patch = status_patch(resource.status, plan.status) if plan.status else {}
        if patch:
            meta = {"uid": resource.uid, "resourceVersion": resource.resource_version}
            try:
                body = self.truth.patch_status(resource.ref, meta, patch)
            except (GoneError, RetryableError):
                return
            self.check_attempts(resource, body)

            def written() -> None:
                self.runs.written(body)
                self.delete_job(plan)

            self.answers[name] = written
        else:
            self.delete_job(plan)

    def delete_job(self, plan: Plan) -> None:
        if plan.delete is None:
            return
        try:
            deleted = self.truth.delete(plan.delete.job_name, plan.delete.uid, plan.delete.version)
            self.runs.job_written(deleted)
        except (GoneError, RetryableError):
            return

    def check_no_ghost(self, resource: Resource) -> None:
        """Fail where a resource whose end was delivered gets a Job."""
        stream = self.streams[COMPRESSION_JOBS]
        if not stream.broken and stream.delivered == len(self.truth.history[COMPRESSION_JOBS]):
            assert resource.uid in self.truth.objects[COMPRESSION_JOBS]

    def check_no_pod_runs_on(self, resource: Resource, job_name: str) -> None:
        """Fail where a run gets a Job while a pod of one that is gone, and was known, has not ended."""
        named = parse_status(resource.status).job_name
        names = {named, job_name} if self.runs.observe(resource).job_went else {named}
        gone = [name for name in names if name is not None and self.truth.named(JOBS, name) is None]
        assert not any(parse_pod(pod).may_run for pod in self.pods_of(gone))

    def check_attempts(self, resource: Resource, body: Body) -> None:
        before = parse_status(resource.status)
        after = parse_status(json.dumps(body["status"]).encode())
        if before.attempts is not None and before.job_name == after.job_name:
            assert after.attempts is not None
            assert after.attempts.failed >= before.attempts.failed
            assert after.attempts.preempted >= before.attempts.preempted

    @rule(name=names)
    def answer(self, name: str) -> None:
        take_in = self.answers.pop(name, None)
        if take_in is not None:
            take_in()

    @rule(name=names)
    def lose_the_answer(self, name: str) -> None:
        self.answers.pop(name, None)

    @rule(name=names, again=st.booleans())
    def end_during_a_write(self, name: str, *, again: bool) -> None:
        """Let a resource go, and perhaps be replaced, between a write and its answer."""
        for _ in range(2):
            self.answer(name)
            for kind in KINDS:
                self.relist(kind)
            self.truth.seconds += 20
            self.reconcile(name)
        self.apply_or_replace(name) if again else self.delete(name)
        self.tell(COMPRESSION_JOBS, len(self.truth.history[COMPRESSION_JOBS]))
        self.answer(name)

    @rule(code=codes, steps=st.integers(1, 5))
    def go_on_undisturbed(self, code: int, steps: int) -> None:
        """Let all be delivered and answered for some steps: random ones alone seldom come that far."""
        for _ in range(steps):
            self.go_on_with_a_run(code)
            self.truth.seconds += 4
            self.do_rounds(2)

    @rule(name=names, code=codes, steps=st.integers(0, 4))
    def suspend_for_some_steps(self, name: str, code: int, steps: int) -> None:
        """Suspend a run and resume it while its Job stands, goes, or is gone."""
        self.go_on_undisturbed(code, 1)
        self.suspend_or_resume(name, suspend=True)
        self.do_rounds(1)
        self.go_on_undisturbed(code, steps)
        self.suspend_or_resume(name, suspend=False)

    def do_rounds(self, rounds: int) -> None:
        for name in NAMES:
            self.answer(name)
        for _ in range(rounds):
            for kind in KINDS:
                self.relist(kind)
            for name in NAMES:
                self.reconcile(name)
                self.answer(name)

    @rule()
    def come_to_rest(self) -> None:
        """Once all is delivered and answered, rounds end, and another one writes nothing."""
        self.do_rounds(8)
        for kind in KINDS:
            self.relist(kind)
        version = self.truth.version
        for name in NAMES:
            self.reconcile(name)
        assert self.truth.version == version
        assert self.answers == {}
        self.check_no_job_runs_on()

    def check_no_job_runs_on(self) -> None:
        """Fail where a run that ended or is suspended has a Job that goes on."""
        for owner, job in self.truth.live_jobs():
            resource = self.truth.objects[COMPRESSION_JOBS].get(owner)
            pods = self.truth.owned(PODS, job["metadata"]["uid"])
            if resource is None or "deletionTimestamp" in job["metadata"]:
                continue
            status = parse_status(json.dumps(resource["status"]).encode())
            assert status.phase not in ("Succeeded", "Failed")
            if resource["spec"]["suspend"]:
                assert [pod["status"]["phase"] for pod in pods][-1:] in (["Succeeded"], ["Failed"])

    @invariant()
    def streams_that_told_all_left_no_ghost(self) -> None:
        for kind, stream in self.streams.items():
            if not stream.broken and stream.delivered == len(self.truth.history[kind]):
                assert self.known(kind).keys() == self.truth.objects[kind].keys()

    @invariant()
    def one_live_job_for_each_resource(self) -> None:
        owners = [uid for uid, _ in self.truth.live_jobs()]
        assert len(owners) == len(set(owners))


def test_pod_whose_job_went_is_known_while_it_is_there() -> None:
    model = Model()
    model.apply_or_replace(name="one")
    model.tell(kind=COMPRESSION_JOBS, count=1)
    model.reconcile(name="one")
    model.go_on_with_a_run(code=0)
    model.lose_a_job()
    model.tell(kind=PODS, count=1)
    model.tell(kind=JOBS, count=5)
    model.streams_that_told_all_left_no_ghost()


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=STEPS // STEPS_EACH, stateful_step_count=STEPS_EACH, deadline=None, database=None
)

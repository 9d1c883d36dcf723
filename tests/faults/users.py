"""What users do in the scenarios, and queues, quotas and controllers that act on a run."""

from collections.abc import Awaitable, Callable

from faults.controllers import Controllers
from faults.history import JOBS, PODS, RESOURCES, Body
from faults.namespace import Namespace, uid_of
from integration.operator import objects
from segcompress_operator.resources.names import JOB_NAME_LABEL, runner_job_name

User = Callable[[Namespace, Controllers], Awaitable[None]]


async def applies(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()


async def nothing(_: Namespace, __: Controllers) -> None:
    """Do nothing."""


async def applies_two(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply("one")
    await namespace.apply("two")


async def deletes_at_once(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.delete(RESOURCES, "demo")


def deletes_when(phase: str) -> User:
    async def user(namespace: Namespace, _: Controllers) -> None:
        await namespace.apply()
        await namespace.reaches(phase)
        await namespace.delete(RESOURCES, "demo")

    return user


async def replaces(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    await namespace.delete(RESOURCES, "demo")
    await namespace.apply()


async def deletes_the_job(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    job = await namespace.job()
    await namespace.delete(JOBS, job["metadata"]["name"], propagationPolicy="Background")


async def deletes_the_job_at_once(namespace: Namespace, _: Controllers) -> None:
    """Delete the Job before the status names it: the first status of a run waits for its pod."""
    await namespace.apply()
    job = await namespace.job()
    await namespace.until(lambda: any(pod["spec"].get("nodeName") for pod in namespace.all(PODS)))
    await namespace.delete(JOBS, job["metadata"]["name"], propagationPolicy="Background")


async def hides_the_job_of_a_suspended_run(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    name = (await namespace.job())["metadata"]["name"]
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": True}})
    await namespace.patch(JOBS, name, {"metadata": {"labels": {JOB_NAME_LABEL: None}}})
    await namespace.reaches("Suspended")
    await namespace.until(lambda: not namespace.all(JOBS))
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": False}})


async def takes_labels_away(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    name = (await namespace.job())["metadata"]["name"]
    await namespace.patch(JOBS, name, {"metadata": {"labels": {JOB_NAME_LABEL: None}}})
    await namespace.until(lambda: JOB_NAME_LABEL in namespace.objects[JOBS][name]["metadata"]["labels"])


async def takes_the_name(namespace: Namespace, _: Controllers) -> None:
    made = await namespace.apply()
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    meta = {"name": runner_job_name("demo", uid_of(made), 1)}
    await namespace.create(JOBS, {"metadata": meta, "spec": {"template": template, "suspend": True}})


async def lifts_a_quota(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.until(lambda: namespace.says("exceeded quota"))
    await namespace.delete("resourcequotas", "none")


async def no_jobs(namespace: Namespace, _: Controllers) -> None:
    hard = {"count/jobs.batch": "0"}
    await namespace.create("resourcequotas", {"metadata": {"name": "none"}, "spec": {"hard": hard}})
    used = {"status": {"hard": hard, "used": dict.fromkeys(hard, "0")}}
    await namespace.patch("resourcequotas", "none/status", used)


async def no_pods(namespace: Namespace, controllers: Controllers) -> None:
    """Act as the Job controller when a quota refuses a pod: post an Event."""
    controllers.held.set()
    await namespace.apply()
    job = await namespace.job()
    await namespace.patch(JOBS, f"{job['metadata']['name']}/status", {"status": {"startTime": objects.now()}})
    await namespace.create("events", _quota_event(namespace.name, job))
    await namespace.until(lambda: namespace.says("exceeded quota"))
    controllers.held.clear()
    await namespace.patch(JOBS, job["metadata"]["name"], {"metadata": {"annotations": {"quota": "lifted"}}})


def _quota_event(namespace: str, job: Body) -> Body:
    name = job["metadata"]["name"]
    about = {"apiVersion": "batch/v1", "kind": "Job", "namespace": namespace, "name": name}
    return {
        "metadata": {"name": f"{name}.1"},
        "involvedObject": {**about, "uid": uid_of(job)},
        "reason": "FailedCreate",
        "type": "Warning",
        "message": 'Error creating: pods "p" is forbidden: exceeded quota: none',
        "firstTimestamp": objects.now(),
        "lastTimestamp": objects.now(),
    }


async def edits_the_ttl(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply(ttlSecondsAfterFinished=3600)
    await namespace.reaches("Running")
    await namespace.patch(RESOURCES, "demo", {"spec": {"ttlSecondsAfterFinished": 7200}})


async def edits_the_ttl_later(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply(ttlSecondsAfterFinished=3600)
    await namespace.reaches("Succeeded")
    await namespace.patch(RESOURCES, "demo", {"spec": {"ttlSecondsAfterFinished": 7200}})


async def suspends(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": True}})
    await namespace.reaches("Suspended")
    await namespace.until(lambda: not namespace.all(JOBS))
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": False}})


async def applies_suspended(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply(suspend=True)
    await namespace.reaches("Suspended")
    await namespace.patch(RESOURCES, "demo", {"spec": {"suspend": False}})


async def allows_no_preemption(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply(preemptionLimit=0)


async def deletes_the_namespace(namespace: Namespace, _: Controllers) -> None:
    await namespace.apply()
    await namespace.reaches("Running")
    await namespace.delete_all()


async def queues(namespace: Namespace, controllers: Controllers) -> None:
    """Act as Kueue: suspend the Job, and admit it later."""
    controllers.held.set()
    await namespace.apply()
    name = (await namespace.job())["metadata"]["name"]
    await namespace.patch(JOBS, name, {"spec": {"suspend": True}})
    await namespace.reaches("Queued")
    controllers.held.clear()
    await namespace.patch(JOBS, name, {"spec": {"suspend": False}})


async def misses_the_deadline(namespace: Namespace, controllers: Controllers) -> None:
    await namespace.apply(activeDeadlineSeconds=3600)
    await namespace.reaches("Running")
    controllers.held.set()
    job = await namespace.job()
    failed = objects.job_failed("DeadlineExceeded", "Job was active longer than specified deadline")
    decided, _ = failed["status"]["conditions"]
    name = f"{job['metadata']['name']}/status"
    await namespace.patch(JOBS, name, {"status": {"conditions": [decided]}})
    for pod in namespace.all(PODS):
        await namespace.delete(PODS, pod["metadata"]["name"], gracePeriodSeconds=0)
    await namespace.patch(JOBS, name, failed)


async def misspells(namespace: Namespace, _: Controllers) -> None:
    train = {"train_iter": 9, "learning_rate": {"type": "Cosine"}}
    await namespace.apply(strategy={"UnstructurePrune": {"ratio": 0.75}, "TrainConfig": train})

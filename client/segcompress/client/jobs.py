"""`Client`: jobs of one cluster, as typed models."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from segcompress.client import comparison, connection
from segcompress.client.cluster import Body, Cluster
from segcompress.client.comparison import Comparison
from segcompress.client.connection import Connection
from segcompress.client.credentials import object_store
from segcompress.client.errors import ClientError, NotFoundError, WaitTimeoutError
from segcompress.client.logs import log_lines
from segcompress.client.manifests import as_body, as_job
from segcompress.client.outcomes import standing
from segcompress.client.results import What, fetch
from segcompress.client.watching import states
from segcompress_api.conditions import is_finished
from segcompress_api.errors import nearest
from segcompress_api.job import PLURAL, SegCompressionJob

OnChange = Callable[[SegCompressionJob], None]


class Client:
    """SegCompressionJobs of one cluster; jobs are named in `namespace`.

    Every method raises a ClientError whose message is for the user: see `segcompress.client.errors`.
    """

    def __init__(self, way: Connection, namespace: str | None = None) -> None:
        self._cluster = Cluster(way)
        self.namespace = namespace or way.namespace

    @classmethod
    def from_environment(cls, context: str | None = None, namespace: str | None = None) -> Self:
        """Connect as kubectl does: by the kubeconfig, or in a pod without one by its service account."""
        return cls(connection.from_environment(os.environ, context), namespace)

    @classmethod
    def from_kubeconfig(
        cls, context: str | None = None, namespace: str | None = None, path: Path | None = None
    ) -> Self:
        """Connect by a kubeconfig: `path`, or the files in KUBECONFIG, or ~/.kube/config."""
        return cls(connection.from_kubeconfig(os.environ, path, context), namespace)

    @classmethod
    def in_cluster(cls, namespace: str | None = None) -> Self:
        """Connect by the service account of the pod that this runs in."""
        return cls(connection.in_cluster(), namespace)

    def submit(self, job: SegCompressionJob | Mapping[str, Any]) -> SegCompressionJob:
        """Create a job, a model or the content of a YAML file, and return it as the API server took it.

        Raises InvalidJobError with one line for each wrong field, AlreadyExistsError, and NotFoundError where
        the namespace does not exist. The job goes to the namespace that it names, or else to the client's.
        """
        body = as_body(job)
        namespace = body["metadata"].get("namespace") or self.namespace
        return as_job(self._cluster.create(namespace, PLURAL, body))

    def get(self, name: str) -> SegCompressionJob:
        """Return a job; raises NotFoundError with the most similar name."""
        return as_job(_Job(self._cluster, self.namespace, name).get())

    def list(
        self, selector: str | None = None, *, all_namespaces: bool = False
    ) -> Sequence[SegCompressionJob]:
        """Return the jobs that match a label selector, `team=vision`, the oldest first."""
        found = self._cluster.find(None if all_namespaces else self.namespace, PLURAL, selector)
        found.sort(key=lambda body: (body["metadata"]["creationTimestamp"], body["metadata"]["name"]))
        return tuple(as_job(body) for body in found)

    def watch(self, name: str, timeout: float | None = None) -> Iterator[SegCompressionJob]:
        """Yield a job as it is, then after each change, also across an API server that is away for minutes.

        A state may come twice. Ends after a state in which the job is finished. Raises NotFoundError where it
        is deleted, and WaitTimeoutError after `timeout` seconds.
        """
        job = None
        try:
            for body in states(_Job(self._cluster, self.namespace, name), timeout):
                job = as_job(body)
                yield job
                if is_finished(job.status.conditions):
                    return
        except WaitTimeoutError:
            where = f" is still {standing(job)}" if job else ": no answer"
            raise WaitTimeoutError(f"{name}{where} after {timeout:g} s") from None

    def wait(
        self, name: str, timeout: float | None = None, on_change: OnChange | None = None
    ) -> SegCompressionJob:
        """Return a job once it has finished, however it ended: `outcome(job)` says which.

        `on_change` is called with each state, the first and the last too. Raises as `watch` does.
        """
        for job in self.watch(name, timeout):
            if on_change is not None:
                on_change(job)
        return job

    def logs(self, name: str, *, follow: bool = False) -> Iterator[str]:
        """Yield the lines of the job's log: of its newest pod that has run.

        With `follow` it waits for a pod, goes on with each pod that comes after it, and ends with the job.
        Raises NotReadyError where no pod has run, or those that did are gone.
        """
        return log_lines(_Job(self._cluster, self.namespace, name), follow=follow)

    def fetch(self, name: str, into: Path, what: What = "all") -> tuple[Path, ...]:
        """Bring what the job published into a folder, each file checked, and return the paths.

        The credentials are those in S3_ENDPOINT, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or else those
        of the job's own Secret. Raises NotReadyError, ForbiddenError and StorageError.
        """
        job = self.get(name)
        secret = job.spec.storage.secret_ref.name if job.spec.storage else ""
        read = partial(self._cluster.secret, self.namespace, secret)
        with object_store(os.environ, secret, read) as storage:
            return fetch(job, storage, what, into)

    def compare(self, *names: str) -> tuple[Comparison, ...]:
        """Return what each of the jobs measured, in the order of their names."""
        return comparison.compare([self.get(name) for name in names])


@dataclass(frozen=True)
class _Job:
    """One job as `watching` and `logs` ask for it."""

    cluster: Cluster
    namespace: str
    name: str

    def get(self) -> Body:
        try:
            return self.cluster.get(self.namespace, PLURAL, self.name)
        except NotFoundError as error:
            raise NotFoundError(self._not_found(str(error))) from None

    def job(self) -> SegCompressionJob:
        return as_job(self.get())

    def pods(self, job: SegCompressionJob) -> list[Body]:
        if job.status.job_name is None:
            return []
        return self.cluster.pods(self.namespace, f"batch.kubernetes.io/job-name={job.status.job_name}")

    def log(self, pod: str, *, follow: bool, since_seconds: int | None) -> Iterator[str]:
        return self.cluster.log(self.namespace, pod, follow=follow, since_seconds=since_seconds)

    def changes(self, body: Body, seconds: float) -> Iterator[tuple[str, Body]]:
        return self.cluster.changes(self.namespace, PLURAL, body, seconds)

    def _not_found(self, message: str) -> str:
        """Return the sentence about a job that is not there; where its kind is not either, `message`."""
        try:
            names = [body["metadata"]["name"] for body in self.cluster.find(self.namespace, PLURAL)]
        except NotFoundError:
            return message
        except ClientError:  # who may get one job may not list all
            names = []
        match = nearest(self.name, names)
        remedy = f"; did you mean {match}?" if match else ""
        return f"there is no job {self.name} in namespace {self.namespace}{remedy}"

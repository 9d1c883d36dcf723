"""`Client`: the jobs and sweeps of one cluster."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from segcompress.client import comparison, connection
from segcompress.client.cluster import Body, Cluster
from segcompress.client.comparison import Comparison
from segcompress.client.connection import Connection
from segcompress.client.credentials import object_store
from segcompress.client.kinds import JOBS, SWEEPS
from segcompress.client.logs import log_lines
from segcompress.client.manifests import as_type
from segcompress.client.resources import One, Resources
from segcompress.client.results import What, fetch
from segcompress_api.job import SegCompressionJob
from segcompress_api.sweep import SWEEP_NAME_LABEL, SegCompressionSweep
from segcompress_runner.storage.stores import Stores

_LABEL_LIMIT = 63


class Client(Resources[SegCompressionJob]):
    """SegCompressionJobs in a namespace of one cluster; `sweeps` has the SegCompressionSweeps.

    Every method raises a ClientError whose message is for the user: see `segcompress.client.errors`.
    """

    def __init__(self, way: Connection, namespace: str | None = None) -> None:
        super().__init__(Cluster(way), JOBS, namespace or way.namespace)

    @classmethod
    def from_environment(cls, context: str | None = None, namespace: str | None = None) -> Self:
        """Connect as kubectl does: by the kubeconfig, or in a pod without one by its service account."""
        return cls(connection.from_environment(os.environ, context), namespace)

    @classmethod
    def from_kubeconfig(
        cls, context: str | None = None, namespace: str | None = None, path: Path | str | None = None
    ) -> Self:
        """Connect with a kubeconfig: `path`, or the files in KUBECONFIG, or ~/.kube/config."""
        return cls(connection.from_kubeconfig(os.environ, path, context), namespace)

    @classmethod
    def in_cluster(cls, namespace: str | None = None) -> Self:
        """Connect with the service account of the pod that this code runs in."""
        return cls(connection.in_cluster(), namespace)

    @property
    def sweeps(self) -> Resources[SegCompressionSweep]:
        """The sweeps of the namespace: submit, get, list, watch and wait, as for jobs."""
        return Resources(self._cluster, SWEEPS, self.namespace)

    def trials(self, sweep: str) -> Sequence[SegCompressionJob]:
        """Return the trials of a sweep in order; raises NotFoundError if there is no such sweep."""
        uid = self.sweeps.get(sweep).metadata.uid
        # A label value is limited to 63 characters, and a name may be longer.
        selector = f"{SWEEP_NAME_LABEL}={sweep}" if len(sweep) <= _LABEL_LIMIT else SWEEP_NAME_LABEL
        found = self._cluster.find(self.namespace, JOBS.plural, selector)
        made = [body for body in found if uid in _owners(body)]
        # Names of trials end with their number.
        made.sort(key=lambda body: (len(body["metadata"]["name"]), body["metadata"]["name"]))
        return tuple(as_type(body, JOBS) for body in made)

    def logs(self, name: str, *, follow: bool = False) -> Iterator[str]:
        """Yield the lines of the job's log, from its newest pod that has run.

        With `follow` it waits for a pod, goes on with each pod that comes after it, and ends with the job.
        Raises NotReadyError where no pod has run, or those that did are gone.
        """
        return log_lines(_Logged(self._one(name)), follow=follow)

    def fetch(self, name: str, into: Path | str, what: What = "all") -> tuple[Path, ...]:
        """Download what the job published into a folder, verify each file, and return the paths.

        The credentials are those in S3_ENDPOINT, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or else those
        of the job's own Secret. Raises NotReadyError, ForbiddenError and StorageError.
        """
        job = self.get(name)
        secret = job.spec.storage.secret_ref.name if job.spec.storage else ""
        read = partial(self._cluster.secret, self.namespace, secret)
        with object_store(os.environ, secret, read) as storage:
            return fetch(job, Stores(lambda: storage, local=None), what, Path(into))

    def compare(self, *names: str) -> tuple[Comparison, ...]:
        """Return what each of the jobs measured, in the order of `names`."""
        return comparison.compare([self.get(name) for name in names])


def _owners(body: Body) -> set[str]:
    return {owner["uid"] for owner in body["metadata"].get("ownerReferences", ())}


@dataclass(frozen=True)
class _Logged:
    """A job as `logs` reads it."""

    one: One

    def job(self) -> SegCompressionJob:
        return as_type(self.one.get(), JOBS)

    def pods(self, job: SegCompressionJob) -> list[Body]:
        if job.status.job_name is None:
            return []
        return self.one.cluster.pods(
            self.one.namespace, f"batch.kubernetes.io/job-name={job.status.job_name}"
        )

    def log(self, pod: str, *, follow: bool, since_seconds: int | None) -> Iterator[str]:
        return self.one.cluster.log(self.one.namespace, pod, follow=follow, since_seconds=since_seconds)

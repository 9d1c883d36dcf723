"""Orphaned pods, whose Job is gone: which run waits for them, and which run has yet to list its own.

Such a pod does not name its run: its Job is gone, and perhaps the reference to it. So the pods of a run whose
Job disappeared are listed once, and from then on their events are mapped to the run.
"""

from collections.abc import Iterable


class LeftPods:
    """Orphaned pods by run; runs and pods are named by uid, namespaces by name."""

    def __init__(self) -> None:
        self._found: dict[str, frozenset[str]] = {}
        self._run_of: dict[str, str] = {}
        self._without_job: set[str] = set()
        self._unowned: dict[str, str] = {}

    def job_came(self, run: str) -> None:
        """Note that the run has a Job."""
        self._without_job.discard(run)
        self._forget_found(run)

    def job_went(self, run: str) -> None:
        """Note that a Job of the run is gone: its orphaned pods are to be listed."""
        self._without_job.add(run)
        self._forget_found(run)

    def listed_without_job(self, pods: Iterable[tuple[str, str]]) -> None:
        """Note (pod, namespace) of listed pods whose Job is not in the store."""
        self._unowned.update(pods)

    def pod_went(self, pod: str) -> None:
        """Note that a pod is gone."""
        self._unowned.pop(pod, None)

    def found(self, run: str, pods: Iterable[str]) -> None:
        """Note the orphaned pods of the run, as the API server listed them."""
        self._forget_found(run)
        self._found[run] = frozenset(pods)
        self._run_of.update(dict.fromkeys(self._found[run], run))

    def of(self, run: str) -> frozenset[str] | None:
        """Return the pods that were listed, even if gone since; None if they were not listed yet."""
        return self._found.get(run)

    def may_have(self, run: str, namespace: str) -> bool:
        """Return whether a Job of the run disappeared, or may have before the operator started."""
        return run in self._without_job or namespace in self._unowned.values()

    def run_of(self, pod: str) -> str:
        """Return the run that waits for the pod, "" for none."""
        return self._run_of.get(pod, "")

    def forget(self, run: str) -> None:
        """Forget a run that is gone."""
        self.job_came(run)

    def _forget_found(self, run: str) -> None:
        for pod in self._found.pop(run, ()):
            self._run_of.pop(pod, None)

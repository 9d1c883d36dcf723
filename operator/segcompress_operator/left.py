"""Pods that a Job has left behind: which run waits for them, and which run has yet to ask for its own.

Nothing in such a pod's record leads to its run: its Job is gone, and perhaps the reference to it. So a run
whose Job went asks the API server once, and from then on the events of what was found lead to it.
"""

from collections.abc import Iterable


class LeftPods:
    """Names runs and pods by their uids, namespaces by name."""

    def __init__(self) -> None:
        self._found: dict[str, frozenset[str]] = {}
        self._run_of: dict[str, str] = {}
        self._bereft: set[str] = set()
        self._strays: dict[str, str] = {}

    def job_came(self, run: str) -> None:
        """Note that the run has a Job."""
        self._bereft.discard(run)
        self._forget_found(run)

    def job_went(self, run: str) -> None:
        """Note that a Job of the run went: it is to ask what that has left behind."""
        self._bereft.add(run)
        self._forget_found(run)

    def strayed(self, pods: Iterable[tuple[str, str]]) -> None:
        """Note (pod, namespace) of pods whose Job nobody knows, as a start finds them."""
        self._strays.update(pods)

    def pod_went(self, pod: str) -> None:
        """Note that a pod is gone."""
        self._strays.pop(pod, None)

    def found(self, run: str, pods: Iterable[str]) -> None:
        """Note the pods that the API server named when the run asked."""
        self._forget_found(run)
        self._found[run] = frozenset(pods)
        self._run_of.update(dict.fromkeys(self._found[run], run))

    def of(self, run: str) -> frozenset[str] | None:
        """Return the pods that were found, gone since or not; None where the run has not asked."""
        return self._found.get(run)

    def may_have(self, run: str, namespace: str) -> bool:
        """Return whether a Job of the run went in sight, or might have before anybody looked."""
        return run in self._bereft or namespace in self._strays.values()

    def run_of(self, pod: str) -> str:
        """Return the run that waits for the pod, "" for none."""
        return self._run_of.get(pod, "")

    def forget(self, run: str) -> None:
        """Forget a run that is gone."""
        self.job_came(run)

    def _forget_found(self, run: str) -> None:
        for pod in self._found.pop(run, ()):
            self._run_of.pop(pod, None)

"""Users and kubelet: resources come all the time, their pods end at once, and their Jobs vanish (ttl 0).

A Job that vanished is what a leader with a stale view would make again.
"""

import copy
import threading
import time
from types import TracebackType
from typing import Self

from integration.operator import objects
from integration.operator.api import Api, ApiError

PERIOD_SECONDS = 0.25
PATIENCE_SECONDS = 120.0


class Load:
    """Makes a resource every PERIOD_SECONDS in a thread of its own; use as a context manager."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.made = 0
        self._api = api
        self._namespace = namespace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._spec = {**copy.deepcopy(objects.SPEC), "ttlSecondsAfterFinished": 0}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def finish(self) -> list[str]:
        """Make no more, and return the names of those that do not end."""
        self._stop.set()
        self._thread.join()
        end = time.monotonic() + PATIENCE_SECONDS
        while (left := self._unfinished()) and time.monotonic() < end:
            self._end_pods()
            time.sleep(PERIOD_SECONDS)
        return left

    def _run(self) -> None:
        while not self._stop.wait(PERIOD_SECONDS):
            body = objects.resource(f"job-{self.made}", self._spec)
            self._api.create("scj", self._namespace, body)
            self.made += 1
            self._end_pods()

    def _end_pods(self) -> None:
        for pod in self._api.list("pods", self._namespace):
            if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
                continue
            try:
                path = f"{pod['metadata']['name']}/status"
                self._api.patch("pods", self._namespace, path, objects.pod_ended(0, objects.SUCCEEDED))
            except ApiError as error:
                if error.status != 404:  # noqa: PLR2004 - its Job is gone already
                    raise

    def _unfinished(self) -> list[str]:
        return [
            each["metadata"]["name"]
            for each in self._api.list("scj", self._namespace)
            if each.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        ]

"""What is asked of the API server about the one node: is it ready, and the GPU it pretends to have."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from datetime import datetime

from devcluster.errors import DevclusterError
from devcluster.layout import NODE
from devcluster.probes import Trust, fetch
from devcluster.progress import Progress

GPU = "nvidia.com/gpu"
READY_WITHIN_S = 300.0
POLL_S = 0.5


class Node:
    """The node as the administrator sees it; `url` is the API server's."""

    def __init__(self, url: str, trust: Trust) -> None:
        self._url = f"{url}/api/v1/nodes/{NODE}"
        self._trust = trust

    def read(self) -> dict[str, object]:
        """Return the Node object, empty where there is none or no answer."""
        try:
            found = json.loads(fetch(self._url, self._trust))
        except (OSError, ValueError):
            return {}
        return dict(found)

    def await_ready(self, since: float) -> None:
        """Wait until the kubelet that started at `since` (seconds since the epoch) calls the node ready."""
        until = time.monotonic() + READY_WITHIN_S
        with Progress("node", lambda: not_ready_reason(self.read(), since)):
            while reason := not_ready_reason(self.read(), since):
                if time.monotonic() > until:
                    raise DevclusterError(f"the node is not ready after {READY_WITHIN_S:.0f} s: {reason}")
                time.sleep(POLL_S)

    def advertise_gpu(self) -> None:
        """Offer one GPU as an extended resource, so that GPU Jobs are scheduled, counted and queued here.

        No device stands behind it. The kubelet sets it to zero whenever it starts.
        """
        patch = json.dumps({"status": {"capacity": {GPU: "1"}, "allocatable": {GPU: "1"}}}).encode()
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        request = urllib.request.Request(f"{self._url}/status", patch, headers, method="PATCH")  # noqa: S310
        try:
            fetch(request.full_url, self._trust, request)
        except urllib.error.URLError as error:
            raise DevclusterError(f"the node's GPU could not be advertised: {error}") from None


def not_ready_reason(node: dict[str, object], since: float = 0.0) -> str:
    """Return why the node is not ready, "" where it is; what was said before `since` does not count."""
    status = node.get("status")
    if not isinstance(status, dict):
        return "not registered yet"
    for condition in status.get("conditions", ()):
        if condition["type"] == "Ready":
            spoken = datetime.fromisoformat(condition["lastHeartbeatTime"]).timestamp()
            if spoken < int(since):
                break
            return "" if condition["status"] == "True" else str(condition["message"])
    return "the kubelet has not reported yet"

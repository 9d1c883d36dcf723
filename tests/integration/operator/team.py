"""Operators that share one Lease, and the one of them that leads."""

from collections.abc import Callable

from integration.chart.helm import NAMESPACE
from integration.operator.api import Api, ApiError, Body, eventually
from integration.operator.process import Operator

LEASE = f"{NAMESPACE}/segcompress-operator"
URL = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/{}"


class Team:
    """A leader and its standbys; `start` starts one more operator with the Lease `LEASE`."""

    def __init__(self, api: Api, start: Callable[[], Operator]) -> None:
        self._api = api
        self._start = start
        self._members: list[Operator] = []

    def join(self) -> Operator:
        """Start one more, and return it once it stands by or leads."""
        member = self._start()
        self._members.append(member)

        def takes_part() -> bool:
            log = member.log.read_text()
            return "standing by" in log or "leading as" in log

        eventually(takes_part, "an operator that leads or stands by")
        return member

    def lease(self) -> Body:
        """Return the Lease's spec; nothing where there is none yet."""
        try:
            found: Body = self._api.request("GET", URL.format(*LEASE.split("/"))).get("spec") or {}
        except ApiError:
            return {}
        return found

    def leader(self, *not_these: Operator) -> Operator:
        """Wait for a leader that is none of `not_these`, and return it."""

        def look() -> Operator | None:
            holder = self.lease().get("holderIdentity")
            if not holder:
                return None
            leading = (each for each in self._members if f"leading as {holder}\n" in each.log.read_text())
            found = next(leading, None)
            return None if found in not_these else found

        return eventually(look, f"a leader; the Lease is {self.lease()}")

    def end(self) -> None:
        """Kill all that still run."""
        for member in self._members:
            if member.runs():
                member.resume()
                member.kill()

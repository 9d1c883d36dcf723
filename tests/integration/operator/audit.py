"""What the API server's audit log says of the operator's requests."""

import json
from collections import Counter
from collections.abc import Iterator

from devcluster.controlplane import ControlPlane
from integration.operator.api import Body
from integration.operator.process import OPERATOR_USER


def audited(plane: ControlPlane, namespace: str) -> Iterator[Body]:
    """Return the audit log's entries of the operator's requests in a namespace."""
    for line in plane.audit_log.read_text().splitlines():
        entry: Body = json.loads(line)
        where = entry.get("objectRef", {}).get("namespace")
        if entry["user"]["username"] == OPERATOR_USER and where == namespace:
            yield entry


def subject(entry: Body) -> str:
    reference = entry["objectRef"]
    return "/".join(filter(None, (reference["resource"], reference.get("subresource"))))


def requests(plane: ControlPlane, namespace: str) -> Counter[str]:
    """Count the operator's requests about a namespace, its watches apart."""
    return Counter(
        f"{entry['verb']} {subject(entry)} {entry['responseStatus']['code']}"
        for entry in audited(plane, namespace)
        if entry["stage"] == "ResponseComplete" and entry["verb"] not in ("watch", "list")
    )

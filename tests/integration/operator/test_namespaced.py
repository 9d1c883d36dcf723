"""The chart's watchNamespaces: a Role in each, and nothing beyond them."""

import json
import os
from pathlib import Path
from typing import Any

from devcluster.controlplane import ControlPlane
from integration.chart.helm import NAMESPACE, rendered
from integration.operator.api import Api
from integration.operator.installed import install_rights
from integration.operator.objects import SUCCEEDED
from integration.operator.process import Operator
from integration.operator.stage import Stage, spec

USER = f"system:serviceaccount:{NAMESPACE}:scoped"


def test_roles_of_the_watched_namespaces_suffice(api: Api, plane: ControlPlane, tmp_path: Path) -> None:
    names = [f"scoped-{letter}-{os.urandom(2).hex()}" for letter in "abc"]
    for name in names:
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    *watched, other = names
    values: dict[str, Any] = {"rbac__aggregateClusterRoles": False, "serviceAccount__name": "scoped"}
    install_rights(api, rendered(release="scoped", watchNamespaces=watched, **values))
    operator = Operator(plane.kubeconfig_for(USER, ["system:authenticated"]), tmp_path / "log", watched, {})
    try:
        unseen = Stage(api, other)
        unseen.apply(spec())
        for name in watched:
            stage = Stage(api, name)
            stage.apply(spec(ttlSecondsAfterFinished=3600))
            stage.exits(stage.runs(), 0, SUCCEEDED)
            stage.reaches("Complete", "Succeeded")
        assert unseen.jobs() == []
        assert unseen.status() == {"observedGeneration": -1}
    finally:
        operator.kill()
    asked = [json.loads(line) for line in plane.audit_log.read_text().splitlines()]
    refused = [
        entry
        for entry in asked
        if entry["user"]["username"] == USER and "RBAC" in entry.get("responseStatus", {}).get("message", "")
    ]
    assert refused == []

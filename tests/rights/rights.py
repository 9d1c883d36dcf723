"""The operator's rights as its chart grants them, one verb at a time. Pure."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integration.chart.helm import Manifest

_ROLES = ("Role", "ClusterRole")


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource, as one rule of a role grants it."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


def operator_roles(manifests: list[Manifest]) -> Iterator[Manifest]:
    """Yield the roles that are bound to the operator's service account."""
    bound = {
        each["roleRef"]["name"]
        for each in manifests
        if each["kind"] in ("RoleBinding", "ClusterRoleBinding")
        and any(subject["kind"] == "ServiceAccount" for subject in each["subjects"])
    }
    yield from (each for each in manifests if each["kind"] in _ROLES and each["metadata"]["name"] in bound)


def rights_of(manifests: list[Manifest]) -> list[Right]:
    """Return what the operator's roles allow, one verb at a time."""
    return sorted(
        {
            Right(group, resource, verb)
            for role in operator_roles(manifests)
            for rule in role["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
    )


def without(manifests: list[Manifest], right: Right) -> list[Manifest]:
    """Return the manifests with one verb taken out of the rules that grant it."""
    left = copy.deepcopy(manifests)
    for role in operator_roles(left):
        rules = [_without(rule, right) for rule in role["rules"]]
        role["rules"] = [rule for rule in rules if rule["verbs"]]
    return left


def _without(rule: dict[str, Any], right: Right) -> dict[str, Any]:
    if right.resource not in rule["resources"] or right.group not in rule["apiGroups"]:
        return rule
    return {**rule, "verbs": [verb for verb in rule["verbs"] if verb != right.verb]}

"""Takes the steps of stories against an API server where the operator runs, and knows what was taken."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from integration.operator import objects
from integration.operator.api import KINDS, Api, ApiError, Body
from sequences.story import Step

_REFUSED = (400, 422)
_CONFLICT, _TRIES = 409, 50
_GONE = (404, _CONFLICT)
"""The resource was deleted by an earlier step, or is there already."""


@dataclass
class Told:
    """What was asked and answered so far."""

    verbs: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    """Changes by their field's path, all of them and those that the API server refused."""

    specs: dict[str, Any] = field(default_factory=dict)
    """The spec of each resource that was taken, by uid."""

    problems: list[str] = field(default_factory=list)

    @property
    def transitions(self) -> int:
        """The number of requests that changed or tried to change something."""
        return self.verbs.total()


class User:
    """One user of a namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.told = Told()
        self._api = api
        self._namespace = namespace
        self._numbers = itertools.count(1)

    def plays(self, story: list[Step]) -> None:
        """Take the steps of a story with a resource of its own."""
        name = f"story-{next(self._numbers)}"
        for step in story:
            self.told.verbs[step.verb] += 1
            if step.path:
                self.told.changed[step.path] += 1
            try:
                self._take(step, name, story)
            except ApiError as error:
                self._refused(step, error)

    def _take(self, step: Step, name: str, story: list[Step]) -> None:
        match step.verb:
            case "create" | "create anew":
                self._creates(name, step.spec)
            case "make again":
                self._creates(name, story[1].spec)
            case "update":
                self._replaces(name, step.spec)
            case "suspend" | "resume":
                self._patches(name, {"spec": {"suspend": step.verb == "suspend"}})
            case "edit ttl":
                self._patches(name, {"spec": {"ttlSecondsAfterFinished": 60}})
            case "label":
                self._patches(name, {"metadata": {"labels": {"team": "vision"}}})
            case "delete":
                self._api.delete("scj", self._namespace, name)

    def _creates(self, name: str, spec: Any) -> None:
        self._sends("POST", "", objects.resource(name, spec))

    def _replaces(self, name: str, spec: Any) -> None:
        """Replace the spec, under the version that is there when nobody writes in between."""
        for left in reversed(range(_TRIES)):
            meta = self._api.get("scj", self._namespace, name)["metadata"]
            try:
                self._sends("PUT", f"/{name}", {**objects.resource(name, spec), "metadata": meta})
            except ApiError as error:
                if error.status == _CONFLICT and left:
                    continue
                raise
            return

    def _sends(self, method: str, rest: str, body: Body) -> None:
        url = f"{KINDS['scj'].format(self._namespace)}{rest}?fieldValidation=Strict"
        made = self._api.request(method, url, body)
        self.told.specs[made["metadata"]["uid"]] = made["spec"]

    def _patches(self, name: str, patch: Body) -> None:
        made = self._api.patch("scj", self._namespace, name, patch)
        self.told.specs[made["metadata"]["uid"]] = made["spec"]

    def _refused(self, step: Step, error: ApiError) -> None:
        """Note what is wrong with a refusal: another status, or no word of the field."""
        if error.status in _GONE:
            return
        if step.path:
            self.told.refused[step.path] += 1
        if error.status not in _REFUSED or not any(name in str(error) for name in _names(step)):
            self.told.problems.append(f"{step.verb} of {step.path} ({step.change}): {str(error)[:2000]}")


def _names(step: Step) -> list[str]:
    """Return what a refusal of the step must name one of.

    A free-form number is stored as 1 where a client sent 1.0: sent again, it is another one to CEL.
    """
    if not step.path:
        return []
    _, top, *_ = step.path.replace("[]", "").split(".")
    if step.verb == "update":
        return [top, "spec.strategy is immutable"]
    # The one rule that a strategy breaks and that names another field.
    return [top, "acceptance.minSparsity"] if top == "strategy" else [top]

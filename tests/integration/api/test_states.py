"""What `kubectl wait` says of each state: the last column of the tables in docs/gitops.md."""

import pytest

from integration.api.kubectl import Kubectl
from integration.gitops.page import tables
from state_files import CASES, SHORT_NAMES, STATES
from states import State


def stored(kubectl: Kubectl, kind: str, name: str, state: State) -> None:
    """Store a state under the generation that it has."""
    generation, spec = state["metadata"]["generation"], state["spec"]
    for edit in range(generation):
        suspend = spec["suspend"] == ((generation - edit) % 2 == 1)
        body = {**state, "metadata": {"name": name}, "spec": {**spec, "suspend": suspend}}
        body.pop("status")
        answer = kubectl.send("apply", body, "--server-side")
        assert answer.code == 0, answer.err
    answer = kubectl.patch_status(name, state["status"], kind)
    assert answer.code == 0, answer.err
    made = kubectl.get(name, kind)
    assert (made["metadata"]["generation"], made["spec"]["suspend"]) == (generation, spec["suspend"])
    assert made["status"] == state["status"]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_wait_returns_at_the_end_and_not_before(kubectl: Kubectl, kind: str, name: str) -> None:
    short = SHORT_NAMES[kind]
    stored(kubectl, short, f"state-{name}", STATES[kind][name])
    answer = kubectl.run("wait", f"{short}/state-{name}", "--for=condition=Finished", "--timeout=0")
    assert ("returns" if answer.code == 0 else "waits") == tables()[kind][name]["wait"]
    assert answer.code == 0 or "condition not met" in answer.err

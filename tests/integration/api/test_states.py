"""What `kubectl wait` says of each state: the last column of the table in docs/gitops.md."""

import pytest

from integration.api.kubectl import Kubectl
from integration.gitops.page import table
from states import State, states


def stored(kubectl: Kubectl, name: str, state: State) -> None:
    """Store a state under the generation that it has."""
    generation, spec = state["metadata"]["generation"], state["spec"]
    for edit in range(generation):
        suspend = spec["suspend"] == ((generation - edit) % 2 == 1)
        body = {**state, "metadata": {"name": name}, "spec": {**spec, "suspend": suspend}}
        body.pop("status")
        assert kubectl.send("apply", body, "--server-side").code == 0
    answer = kubectl.patch_status(name, state["status"])
    assert answer.code == 0, answer.err
    made = kubectl.get(name)
    assert (made["metadata"]["generation"], made["spec"]["suspend"]) == (generation, spec["suspend"])
    assert made["status"] == state["status"]


@pytest.mark.parametrize("name", states())
def test_wait_returns_at_the_end_and_not_before(kubectl: Kubectl, name: str) -> None:
    state = states()[name]
    stored(kubectl, f"state-{name}", state)
    answer = kubectl.run("wait", f"scj/state-{name}", "--for=condition=Finished", "--timeout=0")
    assert ("returns" if answer.code == 0 else "waits") == table()[name]["wait"]
    assert answer.code == 0 or "condition not met" in answer.err

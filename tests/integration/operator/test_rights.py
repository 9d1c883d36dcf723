"""The chart grants no verb that nothing needs: some are taken away here, all by `make test-rights`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from devcluster.controlplane import ControlPlane
from integration.chart.helm import rendered
from integration.operator.api import Api
from integration.operator.installed import install_crd
from rights.page import PAGE, row_of, rows_of
from rights.rights import Right, rights_of, without
from rights.scenarios import SCENARIOS
from rights.trial import CONTROLLERS, Trials, Verdict

NAMED = {scenario.name: scenario for scenario in SCENARIOS}
PATIENCE_SECONDS = 40.0
"""What a scenario may take that must fail."""

TAKEN = {
    "get jobs": (Right("batch", "jobs", "get"), "the Job's name is taken"),
    "patch jobs": (Right("batch", "jobs", "patch"), "its Job is kept for the ttl"),
    "create events": (Right("", "events", "create"), "an Event reports its end"),
    "watch pods": (Right("", "pods", "watch"), "the operator is ready"),
}
"""Permissions that are removed one at a time, and the scenario that then fails."""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Return how all trials went, "" that with all rights: done at once, since most of each is waiting."""
    folder = tmp_path_factory.mktemp("rights")
    with ControlPlane(folder / "plane", controllers=CONTROLLERS) as plane:
        install_crd(Api(plane.kubeconfig))
        trials = Trials(plane, folder)
        with ThreadPoolExecutor(1 + len(TAKEN)) as pool:
            tried = {"": pool.submit(trials.tries, None)}
            for name, (right, scenario) in TAKEN.items():
                tried[name] = pool.submit(trials.tries, right, (NAMED[scenario],), PATIENCE_SECONDS)
        return {name: trial.result() for name, trial in tried.items()}


def test_page_names_every_right_of_the_chart() -> None:
    told = rows_of(PAGE.read_text())
    assert {row_of(right) for right in rights_of(rendered())} == told.keys(), "run `make test-rights`"
    assert all(told.values())


def test_nothing_is_granted_on_secrets_or_on_everything() -> None:
    granted = rights_of(rendered())
    assert not {right.resource for right in granted} & {"secrets", "pods/exec", "pods/log", "*"}
    assert not {right.verb for right in granted} & {
        "*",
        "impersonate",
        "escalate",
        "bind",
        "deletecollection",
    }


def test_one_verb_is_taken_away_and_no_other() -> None:
    manifests = rendered()
    for right in rights_of(manifests):
        assert set(rights_of(manifests)) - set(rights_of(without(manifests, right))) == {right}


def test_with_all_rights_everything_ends_well(verdicts: dict[str, Verdict]) -> None:
    assert verdicts[""].failed == ()


@pytest.mark.parametrize("name", TAKEN)
def test_without_a_verb_something_fails(verdicts: dict[str, Verdict], name: str) -> None:
    assert verdicts[name].failed == (TAKEN[name][1],)
    assert verdicts[name].refused > 0

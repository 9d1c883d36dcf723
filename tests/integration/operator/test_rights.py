"""The chart grants no verb that nothing needs: some are taken away here, all by `make test-rights`."""

from collections.abc import Iterator

import pytest

from devcluster.controlplane import ControlPlane
from integration.chart.helm import rendered
from integration.operator.api import Api
from integration.operator.installed import install_crd
from rights.page import PAGE, row_of, rows_of
from rights.rights import Right, rights_of, without
from rights.scenarios import SCENARIOS
from rights.trial import CONTROLLERS, Trials

NAMED = {scenario.name: scenario for scenario in SCENARIOS}
PATIENCE_SECONDS = 10.0
"""What a scenario may take that must fail."""


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    folder = tmp_path_factory.mktemp("rights")
    with ControlPlane(folder / "plane", controllers=CONTROLLERS) as plane:
        install_crd(Api(plane.kubeconfig))
        yield Trials(plane, folder)


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


def test_with_all_rights_everything_ends_well(trials: Trials) -> None:
    assert trials.tries(None).failed == ()


@pytest.mark.parametrize(
    ("right", "scenario"),
    [
        pytest.param(Right("batch", "jobs", "get"), "another has the Job's name", id="get jobs"),
        pytest.param(Right("batch", "jobs", "patch"), "its Job is kept for the ttl", id="patch jobs"),
        pytest.param(Right("", "events", "create"), "its end is told by an Event", id="create events"),
        pytest.param(Right("", "pods", "watch"), "the operator is ready", id="watch pods"),
    ],
)
def test_without_a_verb_something_fails(trials: Trials, right: Right, scenario: str) -> None:
    verdict = trials.tries(right, (NAMED[scenario],), PATIENCE_SECONDS)
    assert verdict.failed == (scenario,)
    assert verdict.refused > 0

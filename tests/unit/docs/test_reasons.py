"""The tables of reasons: the README's of runs, and that of docs/sweeps.md."""

import pytest

from documents import ROOT
from segcompress_api.conditions import Reason

README = (ROOT / "README.md").read_text()
SWEEPS = (ROOT / "docs" / "sweeps.md").read_text()

OF_SWEEPS = {Reason.MAX_FAILED_TRIALS_EXCEEDED, Reason.METRIC_NOT_MEASURED, Reason.NO_ACCEPTABLE_TRIAL}
NO_END = {
    Reason.PENDING,
    Reason.QUEUED,
    Reason.RUNNING,
    Reason.RETRYING,
    Reason.NOT_FINISHED,
    Reason.NOT_SUSPENDED,
    Reason.NOT_MEASURED,
    Reason.GATES_PASSED,
}
"""Reasons that ask nothing of a user."""


@pytest.mark.parametrize("reason", sorted({*Reason} - OF_SWEEPS - NO_END))
def test_the_readme_names_each_reason_of_a_run(reason: Reason) -> None:
    assert f"`{reason.value}`" in README


@pytest.mark.parametrize("reason", sorted(OF_SWEEPS))
def test_the_page_of_sweeps_names_each_reason_of_a_sweep(reason: Reason) -> None:
    assert f"`{reason.value}`" in SWEEPS

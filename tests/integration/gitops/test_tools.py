"""What other tools say of each state, asked of their own libraries: the tables of docs/gitops.md."""

import json
import os
import subprocess
from typing import Any

import pytest
import yaml

from devcluster.layout import Layout
from documents import ROOT
from integration.gitops.page import tables
from segcompress_api.job import KIND
from segcompress_api.sweep import SWEEP_KIND
from state_files import CASES, CUSTOMIZATIONS, STATES, WORKFLOWS, customization, files

FLUX = ROOT / "examples/gitops/flux/kustomization.yaml"

Answers = dict[str, Any]


def asked(kind: str) -> dict[str, Answers]:
    """Return what each tool says of a kind, by state."""
    program = Layout.from_environment(os.environ).bin / "states"
    done = subprocess.run(
        (
            program,
            customization(kind) / "testdata",
            customization(kind) / "health.lua",
            FLUX,
            WORKFLOWS[kind],
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Answers] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Answers]]:
    """Return what each tool says, by kind and state."""
    return {kind: asked(kind) for kind in STATES}


def test_the_files_are_what_the_operator_writes() -> None:
    """`PYTHONPATH=.:tests:hack .venv/bin/python -m state_files` writes them anew."""
    assert {path: path.read_text() for path in CUSTOMIZATIONS.glob("*/*/testdata/*.yaml")} == files()


def test_the_page_has_every_state() -> None:
    said = [(kind, state) for kind, rows in tables().items() for state in rows]
    assert said == CASES


@pytest.mark.parametrize(("kind", "state"), CASES)
def test_the_page_says_what_the_tools_say(
    answers: dict[str, dict[str, Answers]], kind: str, state: str
) -> None:
    said = answers[kind][state]
    row = tables()[kind][state]
    assert row["phase"] == STATES[kind][state]["status"].get("phase", "")
    assert {name: row[name] for name in ("kstatus", "flux", "workflow")} == {
        name: said[name] for name in ("kstatus", "flux", "workflow")
    }
    assert row["argocd"] == said["argocd"]["status"]


@pytest.mark.parametrize("kind", STATES)
def test_argo_cds_own_kind_of_test_passes(answers: dict[str, dict[str, Answers]], kind: str) -> None:
    tests = yaml.safe_load((customization(kind) / "health_test.yaml").read_text())["tests"]
    expected = {test["inputPath"]: test["healthStatus"] for test in tests}
    assert expected == {f"testdata/{name}.yaml": said["argocd"] for name, said in answers[kind].items()}


def test_both_kinds_have_one_health_check() -> None:
    """Argo CD embeds a file a kind, and no links."""
    scripts = {kind: (customization(kind) / "health.lua").read_text() for kind in STATES}
    assert scripts[KIND] == scripts[SWEEP_KIND]


def test_both_kinds_have_the_same_expressions_for_flux() -> None:
    checks = yaml.safe_load(FLUX.read_text())["spec"]["healthCheckExprs"]
    job, sweep = checks
    assert [job["kind"], sweep["kind"]] == list(STATES)
    assert {**job, "kind": ""} == {**sweep, "kind": ""}

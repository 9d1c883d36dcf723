"""Every state of both kinds, and its file: Argo CD's testdata, where its own tests look for it.

`PYTHONPATH=.:tests:hack .venv/bin/python -m state_files` writes them; tests about other tools read
them there.
"""

import sys
from pathlib import Path

import yaml

from documents import ROOT
from segcompress_api.base import API_GROUP
from segcompress_api.job import KIND
from segcompress_api.sweep import SWEEP_KIND
from states import State, states
from sweep_states import sweep_states

STATES = {KIND: states(), SWEEP_KIND: sweep_states()}
CASES = [(kind, state) for kind, all_ in STATES.items() for state in all_]
SHORT_NAMES = {KIND: "scj", SWEEP_KIND: "scs"}
WORKFLOWS = {
    KIND: ROOT / "examples/gitops/argo-workflows/workflow.yaml",
    SWEEP_KIND: ROOT / "examples/gitops/argo-workflows/sweep.yaml",
}
CUSTOMIZATIONS = ROOT / "examples/gitops/argocd/resource_customizations"


def customization(kind: str) -> Path:
    """Return the folder of a kind's health check."""
    return CUSTOMIZATIONS / API_GROUP / kind


def files() -> dict[Path, str]:
    """Return each generated file and its content."""
    return {customization(kind) / f"testdata/{name}.yaml": _text(STATES[kind][name]) for kind, name in CASES}


def _text(body: State) -> str:
    return yaml.safe_dump(body, sort_keys=False, width=110)


def main() -> int:
    """Write the files."""
    for path, content in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())

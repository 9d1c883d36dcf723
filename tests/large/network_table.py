"""The table in docs/models.md, from what the tests of the networks saw: `make networks`."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from large.networks import NETWORKS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "models.md"
SEEN = ROOT / "build" / "networks"
"""A JSON file for each network, by its name: the row that its test saw."""

RESUMES = bool(os.environ.get("SEGCOMPRESS_RESUME"))
"""Whether networks that were seen are not run again."""

HEADER = ("network", "`type`", "model", "compressed", "size", "ONNX agrees", "verdict")
_BEGIN = "<!-- networks: `make networks` -->\n"
_END = "<!-- end of networks -->\n"


def wanted() -> list[str]:
    """Return the networks to run."""
    return [name for name in NETWORKS if not (RESUMES and _kept(name).exists())]


def forget(name: str) -> None:
    """Forget what was seen of a network."""
    _kept(name).unlink(missing_ok=True)


def keep(name: str, result: Mapping[str, Any]) -> None:
    """Keep the row of a network's result.json for the table."""
    SEEN.mkdir(parents=True, exist_ok=True)
    _kept(name).write_text(json.dumps(row(name, result)))


def row(name: str, result: Mapping[str, Any]) -> list[str]:
    """Return a row below `HEADER`."""
    before, after = result["metrics"]["baseline"], result["metrics"]["compressed"]
    (onnx,) = (parity for parity in result["exports"] if parity["artefact"] == "ONNX")
    how = f"{float(after['sparsity']):.0%} zeros" if "sparsity" in after else "int8"
    return [
        *_named(name),
        f"{before['sizeBytes'] / 1e6:.1f} MB",
        how,
        f"{after['sizeBytes'] / before['sizeBytes']:.2f}x",
        f"{1 - onnx['differing']:.2%}",
        verdict(result["gates"]),
    ]


def verdict(gates: list[Mapping[str, Any]]) -> str:
    """Return what the gates said, in a word for each that was missed."""
    missed = dict.fromkeys(gate["message"].split(":")[0] for gate in gates if not gate["passed"])
    return f"not accepted: {'; '.join(missed)}" if missed else "accepted"


def table() -> str:
    """Return the table in Markdown."""
    lines = [HEADER, ["---"] * len(HEADER), *map(_seen, NETWORKS)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _kept(name: str) -> Path:
    return SEEN / f"{name}.json"


def _named(name: str) -> list[str]:
    section = NETWORKS[name]
    parts = [section, section["backbone"]] if "backbone" in section else [section]
    return [name, ", ".join(part["type"] for part in parts)]


def _seen(name: str) -> list[str]:
    if not _kept(name).exists():
        return [*_named(name), *["–"] * 4, "not seen to the end yet"]
    found: list[str] = json.loads(_kept(name).read_text())
    return found


def written(page: str) -> str:
    """Return the page with the table that was seen."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{table()}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
    sys.stdout.write(f"written to {PAGE.relative_to(ROOT)}\n")

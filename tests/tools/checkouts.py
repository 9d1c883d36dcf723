"""Other projects' programs, built from checkouts of theirs that the environment names."""

import json
import os
import subprocess
from pathlib import Path

from devcluster.layout import Layout

# Nothing of the caller's own Go settings may change what is built.
_SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}


def checkout(variable: str) -> Path:
    """Return the folder that the environment names; fail where that is no checkout of a Go module."""
    named = os.environ.get(variable, "")
    folder = Path(named).resolve()
    is_checkout = named and (folder / "go.mod").is_file()
    assert is_checkout, f"{variable} must name a checkout with a go.mod, got {named!r}"
    return folder


def go(folder: Path, *arguments: str | Path) -> None:
    """Run the go command in a checkout; it writes nothing there."""
    environment = os.environ | _SETTINGS
    done = subprocess.run(
        ("go", *map(str, arguments)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"go {arguments[0]} in {folder}:\n{done.stderr[-4000:]}"


def build(folder: Path, package: str, name: str, *flags: str) -> Path:
    """Return the program of a package of a checkout, kept in the cache; Go builds what has changed alone."""
    program = Layout.from_environment(os.environ).cache / "checkouts" / name
    go(folder, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", *flags, "-o", program, package)
    return program


def overlaid(folder: Path, files: dict[str, Path], into: Path) -> tuple[str, ...]:
    """Return the go command's flags under which a checkout has `files` too, which lie elsewhere."""
    replace = {str(folder / name): str(path) for name, path in files.items()}
    into.write_text(json.dumps({"Replace": replace}))
    return ("-overlay", str(into))

"""Build missing or outdated programs into the cache, one component after the other.

A build lands in a folder beside the final one and is moved there program by program; a stamp with the
digest comes last. Whatever was interrupted has no valid stamp and is built again. Nothing is installed on
the machine.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError
from devcluster.progress import Progress, say
from devcluster.targets import Target, build_flags, digest, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from devcluster.layout import Layout

# Nothing of the caller's own Go settings may change what is built.
SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
LAST_LINES = 15


def ensure(layout: Layout, names: Iterable[str] = ()) -> None:
    """Build what is missing or differs from its pinned module; return at once where nothing does."""
    targets = select(names)
    todo = missing(layout, targets)
    if not todo:
        return
    require_go()
    for position, target in enumerate(todo, start=1):
        with exclusive(layout.bin / ".stamps" / f"{target.name}.lock", f"another build of {target.name}"):
            if not _is_built(layout, target):  # Another process may have built it while we waited.
                _build(layout, target, f"[{position}/{len(todo)}] build {target.name}")


def missing(layout: Layout, targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return those targets whose programs are absent, incomplete or of another digest."""
    return tuple(target for target in targets if not _is_built(layout, target))


@contextmanager
def exclusive(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock file; say so where somebody else holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for {what} ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def require_go() -> None:
    """Raise where no Go compiler can be found."""
    if shutil.which("go") is None:
        raise DevclusterError(
            "go is not on PATH; the cluster's programs are built from source with Go 1.26.6 or newer"
        )


def _stamp(layout: Layout, target: Target) -> Path:
    return layout.bin / ".stamps" / f"{target.name}.json"


def _sizes(folder: Path, target: Target) -> dict[str, int]:
    return {name: (folder / name).stat().st_size for name, _ in target.programs if (folder / name).is_file()}


def _is_built(layout: Layout, target: Target) -> bool:
    try:
        stamp = json.loads(_stamp(layout, target).read_text())
    except (OSError, ValueError):
        return False
    expected = {"digest": digest(target), "sizes": _sizes(layout.bin, target)}
    return bool(stamp == expected and len(expected["sizes"]) == len(target.programs))


def _build(layout: Layout, target: Target, title: str) -> None:
    stamp = _stamp(layout, target)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".building-{target.name}-", dir=layout.bin) as folder:
        _compile(target, Path(folder), title)
        stamp.unlink(missing_ok=True)
        for name, package in target.programs:
            (layout.bin / name).parent.mkdir(exist_ok=True)
            (Path(folder) / default_name(package)).replace(layout.bin / name)
    written = stamp.with_suffix(".new")
    written.write_text(json.dumps({"digest": digest(target), "sizes": _sizes(layout.bin, target)}))
    written.replace(stamp)


def default_name(package: str) -> str:
    """Return the file name that `go build` gives the program of an import path."""
    *_, parent, last = package.split("/")
    return parent if last[:1] == "v" and last[1:].isdigit() else last


def _compile(target: Target, folder: Path, title: str) -> None:
    flags = build_flags(target, (target.folder / "go.mod").read_text())
    command = ["go", "build", "-v", *flags, "-o", f"{folder}/", *(package for _, package in target.programs)]
    lines: list[str] = []
    with (
        Progress(title, lambda: _describe(lines)),
        subprocess.Popen(
            command,
            cwd=target.folder,
            env=os.environ | SETTINGS,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
    ):
        assert process.stderr is not None  # noqa: S101 - Popen was asked for a pipe
        for line in process.stderr:
            lines.append(line)  # noqa: PERF402 - the progress line reads the list as it grows
        if process.wait() != 0:
            tail = "".join(lines[-LAST_LINES:]).rstrip()
            raise DevclusterError(f"building {target.name} failed (exit code {process.returncode}):\n{tail}")


def _describe(lines: list[str]) -> str:
    downloads = sum(line.startswith("go: downloading") for line in lines)
    packages = len(lines) - downloads
    return (
        f"{packages} packages compiled"
        if packages
        else f"{downloads} modules downloaded"
        if downloads
        else ""
    )

"""How much memory a run may plan with: its container's request, or what a cgroup allows on other machines."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segcompress_api.contract import MEMORY_VARIABLE

DEFAULT = 2 * 2**30
"""The chart's default memory request, in bytes."""

_CGROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_V1_LIMIT = "memory/memory.limit_in_bytes"
_UNLIMITED = 2**60
"""cgroup v1 says "no limit" with a number near 2**63."""


@dataclass(frozen=True)
class Memory:
    """Bytes that a run may plan with, and whose figure that is, for the log."""

    total: int
    origin: str

    @property
    def evaluation(self) -> int:
        """Return what an evaluation's batches may take, from pictures to scores: a quarter."""
        return self.total // 4

    @property
    def reading(self) -> int:
        """Return what pictures that are read ahead may take: an eighth."""
        return self.total // 8

    @property
    def processes(self) -> int:
        """Return what the processes of an evaluation may take, apart from pictures and scores: an eighth."""
        return self.total // 8


def memory_of(environment: Mapping[str, str], cgroups: Path = _CGROUPS, own: Path = _OWN) -> Memory:
    """Return the container's memory request, else the limit of this process's cgroup, else the default."""
    asked = environment.get(MEMORY_VARIABLE, "")
    if asked.isdigit() and int(asked):
        return Memory(int(asked), "the container's memory request")
    limits = [limit for file in _limit_files(cgroups, own) if (limit := _limit(file)) is not None]
    return Memory(min(limits), "the cgroup's memory limit") if limits else Memory(DEFAULT, "the default")


def _limit_files(cgroups: Path, own: Path) -> list[Path]:
    """Return the files that may hold a limit: cgroup v1's, and those of this process's v2 groups."""
    files = [cgroups / _V1_LIMIT]
    for line in _text(own).splitlines():
        number, _, path = line.partition("::")
        if number == "0":
            group = cgroups / path.strip("/")
            groups = (group, *group.parents)
            files += [folder / "memory.max" for folder in groups if folder.is_relative_to(cgroups)]
    return files


def _limit(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() and 0 < int(text) < _UNLIMITED else None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""

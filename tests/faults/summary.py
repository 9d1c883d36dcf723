"""All results of a campaign; kept in a file, so that a later command can go on where one was stopped."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faults.fault import Fault, Kind, Point
from faults.run import Reference, Result


@dataclass
class Summary:
    """`seconds` and `cpu` (CPU seconds by who took them) are of all commands together.

    `chosen` runs are all that were asked for, `total` of them are left to this command.
    """

    total: int = 0
    chosen: int = 0
    began: float = field(default_factory=time.monotonic)
    references: dict[str, Reference] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    runs: int = 0
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    def end(self, runs: int, **cpu: float) -> None:
        """Note what these runs took."""
        self.runs += runs
        self.seconds += time.monotonic() - self.began
        self.cpu = {name: self.cpu.get(name, 0.0) + seconds for name, seconds in cpu.items()}

    def done(self) -> set[tuple[str, Fault]]:
        """Return the runs that need not be done again."""
        return {(each.scenario, each.fault) for each in self.results}

    @property
    def found(self) -> int:
        """How many runs broke anything."""
        return sum(bool(each.problems) for each in self.references.values()) + sum(
            bool(each.problems) for each in self.results
        )

    def findings(self) -> Iterator[str]:
        """Return a line for each thing found."""
        for name, reference in self.references.items():
            yield from (f"{name}, without a fault: {problem}" for problem in reference.problems)
        for result in self.results:
            yield from (f"{result.scenario}, {result.fault}: {problem}" for problem in result.problems)

    def save(self, path: Path) -> None:
        """Write results and cost into a JSON file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"runs": self.runs, "seconds": self.seconds, "cpu": self.cpu}
        path.write_text(json.dumps({**kept, "results": [asdict(each) for each in self.results]}, indent=1))

    @staticmethod
    def load(path: Path) -> "Summary":
        """Return what an earlier command saved."""
        saved = json.loads(path.read_text())
        results = [_result(each) for each in saved.pop("results")]
        return Summary(results=results, **saved)


def _result(saved: dict[str, Any]) -> Result:
    fault = saved.pop("fault")
    return Result(fault=Fault(Kind(fault["kind"]), Point(**fault["point"])), **saved)

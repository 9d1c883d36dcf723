"""Which runs are done, and how many at the same time."""

import asyncio
import random
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from faults.fault import Fault, Kind, faults_at
from faults.run import HARNESS_FAILED, Reference, Result, Runner
from faults.scenarios import SCENARIOS, Scenario
from faults.summary import Summary

Planned = tuple[Scenario, Fault, Reference]


@dataclass(frozen=True)
class Choice:
    """Names of scenarios and kinds of faults, joined by "|"; all of them where empty."""

    scenario: str = ""
    kind: str = ""
    seed: int = 0

    def scenarios(self) -> list[Scenario]:
        """Return the scenarios; raises SystemExit for a name that there is not."""
        named = {each.name: each for each in SCENARIOS}
        return [named[name] for name in _chosen(self.scenario, named, "scenario")]

    def kinds(self) -> set[str]:
        """Return the kinds; raises SystemExit for a name that there is not."""
        return set(_chosen(self.kind, [*Kind], "kind"))


class Campaign:
    """Does the runs of a choice, `at_once` at the same time, in the order that the seed gives."""

    def __init__(self, references: Runner, runner: Runner, choice: Choice, at_once: int) -> None:
        self._references = references
        self._runner = runner
        self._choice = choice
        self._turn = asyncio.Semaphore(at_once)

    async def run(self, summary: Summary, done: Callable[[], None]) -> None:
        """Do all runs that the summary does not hold; `done` is called after each."""
        scenarios, kinds = self._choice.scenarios(), self._choice.kinds()
        for scenario in scenarios:  # in this order
            summary.references[scenario.name] = Reference((), "", ())
        await asyncio.gather(*(self._reference(each, summary) for each in scenarios))
        chosen = [
            (scenario, fault, summary.references[scenario.name])
            for scenario in scenarios
            for fault in faults_at(summary.references[scenario.name].points)
            if fault.kind in kinds
        ]
        done_before = summary.done()
        runs = [run for run in chosen if (run[0].name, run[1]) not in done_before]
        random.Random(self._choice.seed).shuffle(runs)  # noqa: S311 - no secret
        summary.total, summary.chosen = len(runs), len(chosen)

        async def one(run: Planned) -> None:
            async with self._turn:
                summary.results.append(await self._faulty(run))
            done()

        await asyncio.gather(*map(one, runs))

    async def _reference(self, scenario: Scenario, summary: Summary) -> None:
        async with self._turn:
            try:
                reference = await self._references.reference(scenario)
            except Exception:  # noqa: BLE001 - a bug in the harness stops one run alone, and is shown
                reference = Reference((), "", [traceback.format_exc()])
        summary.references[scenario.name] = reference

    async def _faulty(self, run: Planned) -> Result:
        try:
            return await self._runner.faulty(*run)
        except Exception:  # noqa: BLE001 - the same
            scenario, fault, _ = run
            return Result(scenario.name, fault, struck=True, recovery_seconds=0.0, problems=[_last_error()])


def _last_error() -> str:
    return f"{HARNESS_FAILED}{traceback.format_exc()}"


def _chosen(names: str, known: Iterable[str], what: str) -> Sequence[str]:
    wanted, there = [name for name in names.split("|") if name], [*known]
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise SystemExit(f"there is no {what} {unknown[0]!r}; there are: {'|'.join(there)}")
    return wanted or there

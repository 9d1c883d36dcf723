"""What was found, as a line while it runs and as a page at the end."""

import time
from collections import defaultdict
from collections.abc import Iterator

from faults.fault import AT_EVENTS, AT_START, AT_WRITES, MEANINGS, SECONDS, Kind
from faults.summary import Summary

_HEAD = """\
# Faults between operator and API server

Written by `make test-faults`, which injects each kind of fault at each write and each event of each scenario:
[tests/faults](../tests/faults/README.md). A cell shows passed/total runs; a run passes if it reaches the same
end state as the run without a fault and violates no invariant on the way. An empty cell means that no run
was made.
"""


def progress(summary: Summary, before: int) -> str:
    """Return how far it is; `before` runs were done by an earlier command."""
    done, seconds = len(summary.results) - before, time.monotonic() - summary.began
    rate = done / seconds
    left = (summary.total - done) / rate / 60 if rate else 0.0
    return f"{done}/{summary.total} runs, {rate:.1f}/s, {left:.1f} min left, {summary.found} found   "


def page(summary: Summary) -> str:
    """Return the whole as Markdown."""
    parts = [
        _HEAD,
        _cost(summary),
        "## At a write\n",
        *_table(summary, AT_WRITES),
        "\n## At an event of a watch\n",
        *_table(summary, AT_EVENTS),
        "\n## All the time\n",
        *_table(summary, AT_START),
        "\n## Kinds\n",
        *_kinds(summary),
        *(["\n## Found\n", *(f"- {line}" for line in summary.findings())] if summary.found else []),
    ]
    return "\n".join(parts) + "\n"


def _cost(summary: Summary) -> str:
    runs = max(summary.runs, 1)
    each = ", ".join(f"{name} {seconds / runs:.2f}" for name, seconds in summary.cpu.items())
    missed = sum(not result.struck for result in summary.results)
    made = len(summary.results)  # of an interrupted command, whose scenarios may have had other events
    return (
        f"{made} of {max(made, summary.chosen)} runs were made; {summary.found} failed. "
        f"In {missed} the fault's point was not reached:\nfewer reconciliations need fewer writes.\n\n"
        f"It took {summary.seconds / 60:.0f} minutes; CPU seconds per run: {each}.\n"
    )


def _table(summary: Summary, kinds: tuple[Kind, ...]) -> Iterator[str]:
    cells: dict[tuple[str, Kind], list[bool]] = defaultdict(list)
    for result in summary.results:
        cells[result.scenario, result.fault.kind].append(not result.problems)
    yield "| scenario | " + " | ".join(kinds) + " |"
    yield "|---" * (len(kinds) + 1) + "|"
    for name in summary.references:
        row = (cells[name, kind] for kind in kinds)
        yield f"| {name} | " + " | ".join(f"{sum(cell)}/{len(cell)}" if cell else "" for cell in row) + " |"


def _kinds(summary: Summary) -> Iterator[str]:
    yield "| kind | what happens | lasts (s) | runs | longest from its end to that of the run (s) |"
    yield "|---|---|---|---|---|"
    for kind in Kind:
        of_kind = [each for each in summary.results if each.fault.kind is kind and each.struck]
        times = [each.recovery_seconds for each in of_kind if not each.problems]
        slowest = f"{max(times):.1f}" if times else ""
        lasts = f"{SECONDS[kind]:.0f}" if kind in SECONDS else ""
        yield f"| {kind.value} | {MEANINGS[kind]} | {lasts} | {len(of_kind)} | {slowest} |"

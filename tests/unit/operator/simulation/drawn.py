"""Stories drawn from a seed: any sweep, with any edits, under any disturbances."""

import random
from typing import Any

from segcompress_operator.kinds import COMPRESSION_JOBS, JOBS, PODS, SWEEPS
from unit.operator.simulation.process import Gap, Jump, Late, Weather
from unit.operator.simulation.server import Body, Fault, Faults, Policy
from unit.operator.simulation.story import KNOWN, Edit, Story
from unit.operator.sweeps.busy import seeds

MIOU = [{"metric": "compressed.miou", "goal": "Maximize"}]
MEDIAN = {"name": "MedianStop", "startStep": 100, "minTrials": 2}
ASHA = {"name": "ASHA", "startStep": 100, "minTrials": 2, "reductionFactor": 2}

ANSWERED: tuple[Fault, ...] = ("conflict", "error", "timeout before", "timeout after")
FAULTS = (ANSWERED, (*ANSWERED, "late"))
POLICIES: tuple[tuple[Any, int], ...] = (
    ("create", 403),
    ("create", 500),
    ("resume", 403),
    ("suspend", 403),
    ("resume", 500),
)
"""What is refused, and with which status code."""


def story(seed: int) -> Story:
    """Return the story of that seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    algorithm = chance.choice(("Grid", "Random", "Random", "TPE", "NSGAII"))
    count = chance.randint(4, 12) if algorithm in ("TPE", "NSGAII") else chance.randint(4, 40)
    spec = _spec(chance, algorithm, count)
    edits = _edits(chance, count)
    begin = chance.uniform(0.0, 40.0)
    return Story(
        spec,
        edits=edits,
        faults=[Faults(begin, begin + chance.uniform(1.0, 40.0), chance.choice(FAULTS))]
        * chance.randint(0, 1),
        policies=[_policy(chance) for _ in range(chance.randint(0, 2))],
        weather=_weather(chance),
        kills=[
            5.0 * number + chance.uniform(0.0, 1.5)
            for number in sorted(chance.sample(range(20), chance.randint(0, 4)))
        ],
        known=3 if "knownTrials" in spec else 0,
        seed=seed,
    )


def _spec(chance: random.Random, algorithm: str, count: int) -> Body:
    changes: dict[str, Any] = {"maxTrials": count, "parallelTrials": chance.choice((1, 3, 8, count))}
    changes["maxFailedTrials"] = chance.choice((0, 2, 99, 99, 99))
    rule = chance.choice((None, None, MEDIAN, ASHA))
    if rule is not None:
        changes |= {"earlyStopping": rule, "objectives": MIOU}
    if algorithm == "TPE" and chance.random() < 0.5:
        changes["knownTrials"] = {"matchLabels": KNOWN}
    return seeds(2 * count, algorithm={"name": algorithm, "startupTrials": 3}, **changes)


def _edits(chance: random.Random, count: int) -> list[Edit]:
    """Return edits that come while the first trials run: so all of them come before the end."""
    edits = [
        Edit(chance.uniform(0.5, 4.0), {"parallelTrials": chance.randint(1, count)}),
        Edit(chance.uniform(0.5, 4.0), {"maxTrials": count + chance.randint(1, 6)}),
    ]
    found = [edit for edit in edits if chance.random() < 0.3]
    if chance.random() < 0.4:
        begin = chance.uniform(0.5, 4.0)
        found += [Edit(begin, {"suspend": True}), Edit(begin + chance.uniform(0.1, 60.0), {"suspend": False})]
    return found


def _policy(chance: random.Random) -> Policy:
    refuses, answer = chance.choice(POLICIES)
    begin = chance.uniform(0.0, 30.0)
    below = chance.choice((1, 20, 1_000_000))
    return Policy(begin, begin + chance.uniform(5.0, 200.0), refuses, below, answer)


def _weather(chance: random.Random) -> Weather:
    begin, kind = chance.uniform(0.0, 40.0), chance.choice((SWEEPS, COMPRESSION_JOBS, JOBS, PODS))
    end = begin + chance.uniform(1.0, 60.0)
    return Weather(
        late=[Late(begin, end)] * (chance.random() < 0.3),
        gaps=[Gap(begin, end, kind)] * (chance.random() < 0.3),
        jumps=[Jump(begin, chance.choice((-300.0, -5.0, 5.0, 300.0)))] * (chance.random() < 0.3),
    )

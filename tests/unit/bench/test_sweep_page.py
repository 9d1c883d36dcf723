"""What the page says of a sweep beside a plain client: shares, repeated points, percentiles."""

import argparse
import json
from typing import Any

import pytest
from bench.sweeps.cluster import Measured, Turn, tables
from bench.sweeps.large import points_of

OPTIONS = argparse.Namespace(trials=10, last=2, parallel=4)


def turn(seconds: float, points: list[str], **seen: Any) -> Turn:
    played = {"seconds": seconds, "points": points, "first_job": 0.25, "most": 3, "mean": 2.6, "bytes": 2048}
    return Turn(2, 0.03, {**played, **seen})


def measured(points: list[str], most: int = 3) -> Measured:
    fresh, slow = turn(1.0, []), turn(9.0, [], most=most).played
    turns = {"plain": [turn(1.0, ["", ""])], "resumed": [turn(1.25, points)]}
    waits = {"alone": [0.010, 0.020], "beside the sweep": [0.020, 0.050]}
    return Measured(fresh, turns, slow, waits)  # type: ignore[arg-type]


def cells(table: str) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: row[1:] for row in rows}


def test_each_goal_is_beside_what_was_seen() -> None:
    new = [json.dumps({"ratio": "0.31", "rate": "0.001"}), json.dumps({"ratio": "0.32", "rate": "0.001"})]
    goals, rates, latencies = map(cells, tables(measured(new), OPTIONS))
    assert [row[1] for row in goals.values()][2:] == [
        *("0.25 s", "2.0 KB", "3, 3 on average"),
        *("0", "80%", "2.5x"),
    ]
    assert rates["sweep"] == ["1.6", "15.0"]
    assert latencies["beside the sweep"] == ["20", "50"]


@pytest.mark.parametrize("known", [True, False])
def test_a_point_is_repeated_where_an_earlier_trial_or_another_new_one_has_it(*, known: bool) -> None:
    there = json.loads(points_of(8)[3])
    again = json.dumps(dict(reversed(there.items()))) if known else json.dumps({"ratio": "1", "rate": "1"})
    points = [again, json.dumps({"ratio": "1", "rate": "1"})]
    goals, *_ = map(cells, tables(measured(points), OPTIONS))
    assert goals["points tried twice"][1] == "1"


def test_trials_in_flight_of_every_sweep_count() -> None:
    goals, *_ = map(cells, tables(measured([], most=5), OPTIONS))
    assert goals["trials in flight"] == ["at most 4", "5, 3 on average"]

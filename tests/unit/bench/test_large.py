"""The benchmark's sweep is one that the API takes, and no two of its finished trials are at one point."""

import json

from bench.sweeps.large import large_sweep, points_of

from segcompress_api.sweep import SegCompressionSweep


def test_sweep_is_valid() -> None:
    sweep = SegCompressionSweep.model_validate(large_sweep(10_000, 100))
    assert (sweep.spec.max_trials, sweep.spec.parallel_trials) == (10_000, 100)


def test_finished_trials_are_at_points_of_the_sweep_and_at_no_point_twice() -> None:
    parameters = large_sweep(1, 1)["spec"]["parameters"]
    ranges = {each["name"]: (float(each["range"]["min"]), float(each["range"]["max"])) for each in parameters}
    texts = points_of(10_000)
    assert len(set(texts)) == len(texts)
    for point in map(json.loads, texts):
        assert point.keys() == ranges.keys()
        assert all(least <= float(point[name]) <= most for name, (least, most) in ranges.items())

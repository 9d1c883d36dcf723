"""Sweeps in virtual time: the real operator, woken by its own wake-ups and by what happens to trials, Jobs and pods.

Each story ends when nothing is left to happen. `make test-simulation` plays many more of them.
"""

import os
import random

import pytest

from unit.operator.simulation import drawn
from unit.operator.simulation.judged import broken
from unit.operator.simulation.story import play

STORIES = int(os.environ.get("SEGCOMPRESS_STORIES", "30"))
FIRST = int(os.environ.get("SEGCOMPRESS_FIRST_STORY", "0"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + STORIES))
def test_a_sweep_ends_right_whatever_goes_wrong(seed: int) -> None:
    story = drawn.story(seed)
    assert broken(story, play(story), play(story.undisturbed)) == []

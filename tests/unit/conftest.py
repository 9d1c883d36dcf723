"""Unit tests take the same random examples each time; `--hypothesis-profile random` takes others."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("random")
settings.load_profile("repeatable")

"""The object store of the runner's integration tests."""

from integration.runner.conftest import admin, store

__all__ = ["admin", "store"]

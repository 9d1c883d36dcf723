"""Modules of a large package, imported without its `__init__`, which may import all that the package has."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_init(*packages: str) -> Iterator[None]:
    """Let modules of `packages` (parents before children) be imported alone inside.

    A package that is imported already stays as it is. Afterwards nobody can tell: whoever imports one of the
    packages gets the whole of it.
    """
    bare = [name for name in packages if name not in sys.modules]
    for name in bare:
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        yield
    finally:
        for name in bare:
            del sys.modules[name]

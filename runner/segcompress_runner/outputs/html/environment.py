"""Jinja as both reports use it: everything that comes from users is escaped."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from segcompress_runner.outputs.html.units import listed, signed


@cache
def environment() -> Environment:
    """Return the environment of the templates beside this module, with the style sheets as globals."""
    made = Environment(
        loader=PackageLoader(__package__, package_path="templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(shape=listed, number=_number, signed=signed)
    made.globals["css"] = _read(made, "report.css")
    made.globals["sweep_css"] = _read(made, "sweep.css")
    return made


def source(name: str) -> str:
    """Return a template as it is."""
    return str(_read(environment(), name))


def _read(made: Environment, name: str) -> Markup:
    text, _, _ = made.loader.get_source(made, name)  # type: ignore[union-attr]
    return Markup(text)  # noqa: S704 - ours


def _number(value: Any, places: int) -> str:
    """Return a number with so many places, a dash where it is missing."""
    return "–" if value is None else f"{value:.{places}f}"

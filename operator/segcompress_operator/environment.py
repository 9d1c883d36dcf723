"""Typed values from the operator's environment; every error names its variable.

An empty value counts as unset, since charts pass settings that way.
"""

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from segcompress_api.quantities import is_quantity
from segcompress_operator.errors import SettingError

PREFIX = "SEGCOMPRESS_"
_REFERENCE = re.compile(r"\$\(\w+\)")


class Environment:
    """Reads one variable at a time; names are given without their prefix."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str) -> str:
        """Return the text of a variable."""
        return self._variables.get(PREFIX + name, "").strip() or default

    def names(self, name: str) -> tuple[str, ...]:
        """Return the names of a comma-separated list."""
        parts = (part.strip() for part in self.text(name, "").split(","))
        return tuple(part for part in parts if part)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return one of `choices`; the first is the default."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise _wrong(name, f"must be one of {', '.join(choices)}, got {value!r}")
        return value

    def quantity(self, name: str, default: str) -> str:
        """Return a quantity as Kubernetes spells it."""
        return _quantity(name, self.text(name, default), f"such as {default}")

    def quantities(self, name: str, default: Mapping[str, str]) -> dict[str, str]:
        """Return quantities by their name, from a JSON object."""
        given = self.mapping(name, default)
        return {key: _quantity(name, str(value), f"for {key}") for key, value in given.items()}

    def number(self, name: str, default: int, least: int) -> int:
        """Return a whole number of at least `least`."""
        value = self.text(name, str(default))
        if not value.isdecimal() or int(value) < least:
            raise _wrong(name, f"must be a whole number of at least {least}, got {value!r}")
        return int(value)

    def address(self, name: str) -> str:
        """Return an IP address, "" where none is given.

        The kubelet leaves `$(NAME)` as it is where it knows no such variable: the Service is missing.
        """
        value = self.text(name, "")
        if _REFERENCE.fullmatch(value):
            return ""
        try:
            return str(ip_address(value)) if value else ""
        except ValueError:
            raise _wrong(name, f"must be an IP address, got {value!r}") from None

    def object(self, name: str) -> tuple[str, str] | None:
        """Return namespace and name of an object, None where none is given."""
        value = self.text(name, "")
        namespace, _, named = value.partition("/")
        if value and (not namespace or not named or "/" in named):
            wanted = "a namespace and a name, such as segcompress-system/segcompress-operator"
            raise _wrong(name, f"must be {wanted}, got {value!r}")
        return (namespace, named) if value else None

    def mapping(self, name: str, default: Mapping[str, Any]) -> dict[str, Any]:
        """Return a JSON object."""
        value = self._json(name)
        if value is None:
            return dict(default)
        if not isinstance(value, dict):
            raise _wrong(name, f"must be a JSON object, got {value!r}")
        return value

    def texts(self, name: str) -> dict[str, str]:
        """Return a JSON object of texts, such as labels."""
        given = self.mapping(name, {})
        wrong = next((key for key, value in given.items() if not isinstance(value, str)), None)
        if wrong is not None:
            raise _wrong(name, f"{wrong} must be a string, got {given[wrong]!r}")
        return given

    def mappings(self, name: str) -> tuple[dict[str, Any], ...]:
        """Return a JSON list of objects."""
        value = self._json(name) or []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise _wrong(name, f"must be a JSON list of objects, got {value!r}")
        return tuple(value)

    def _json(self, name: str) -> Any:
        """Return what a variable holds as JSON; None where it is unset."""
        text = self.text(name, "null")
        try:
            return json.loads(text)
        except ValueError as error:
            raise _wrong(name, f"must be JSON ({error}), got {text!r}") from None


def _quantity(name: str, value: str, hint: str) -> str:
    if not is_quantity(value):
        raise _wrong(name, f"must be a quantity {hint}, got {value!r}")
    return value


def _wrong(name: str, problem: str) -> SettingError:
    return SettingError(PREFIX + name, problem)

"""Kubernetes' quantities as numbers, and back."""

import re
from decimal import Decimal

_FACTORS = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    "k": Decimal(1000),
    "M": Decimal(1000) ** 2,
    "G": Decimal(1000) ** 3,
    "T": Decimal(1000) ** 4,
    "Ki": Decimal(1024),
    "Mi": Decimal(1024) ** 2,
    "Gi": Decimal(1024) ** 3,
    "Ti": Decimal(1024) ** 4,
}


_SPELLING = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?")


def is_quantity(text: str) -> bool:
    """Return whether `text` is a quantity as the API's own fields take it."""
    return _SPELLING.fullmatch(text) is not None


def amount(quantity: str) -> Decimal:
    """Return the number that a quantity such as "500m" or "2Gi" stands for."""
    digits = quantity.rstrip("mkKiMGT")
    return Decimal(digits) * _FACTORS[quantity[len(digits) :]]


def total(*quantities: str) -> str:
    """Return the sum of quantities of bytes, in the largest binary unit that divides it."""
    number = int(sum(map(amount, quantities), start=Decimal()))
    for suffix in ("Ti", "Gi", "Mi", "Ki"):
        unit = int(_FACTORS[suffix])
        if number and number % unit == 0:
            return f"{number // unit}{suffix}"
    return str(number)

"""Weights that a strategy names must be there."""

from collections.abc import Collection, Sequence

from segcompress_api.errors import nearest
from segcompress_runner.errors import InvalidSettingError


def check_named(names: Sequence[str], parameters: Collection[str], field: str) -> None:
    """Raise InvalidSettingError where one of `names` is not a parameter of the model, naming the nearest."""
    for name in names:
        if name not in parameters:
            match = nearest(name, parameters)
            remedy = f"did you mean {match}?" if match else "name the weight of a layer, such as conv2d_0.w_0"
            raise InvalidSettingError(f"{field}: {name} is not a parameter of the model; {remedy}")

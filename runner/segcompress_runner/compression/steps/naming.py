"""Weights that a strategy names must be there."""

from collections.abc import Collection, Sequence

from segcompress_runner.compression.known_names import check_known


def check_named(names: Sequence[str], parameters: Collection[str], field: str) -> None:
    """Raise InvalidSettingError where some of `names` are not parameters of the model, naming the nearest."""
    otherwise = "name the weight of a layer, such as conv2d_0.w_0"
    check_known(names, parameters, field, "a parameter of the model", otherwise)

"""Which ratio each pruned layer gets where some have one of their own. Pure arithmetic and its refusals."""

from collections.abc import Mapping

from segcompress_runner.compression.known_names import check_known, cut
from segcompress_runner.errors import InvalidSettingError

FIELD = "spec.strategy.UnstructurePrune.layer_ratios"

_DIGITS = 9
"""Decimal places of a ratio that count: a spec's decimals have no exact binary value."""


def ratios_of_layers(sizes: Mapping[str, int], ratio: float, own: Mapping[str, float]) -> dict[str, float]:
    """Return a ratio for each layer: its `own`, or one for all others, with which `ratio` holds over all.

    `sizes` has the number of weights of each layer. Raises InvalidSettingError where `own` names another
    weight, or leaves the others with a ratio that cannot be.
    """
    such = f"name one that is, such as {cut(min(sizes))}"
    check_known(own, sizes, FIELD, "the weight of a layer that is pruned", such)
    others = {name: size for name, size in sizes.items() if name not in own}
    zeros = sum(share * sizes[name] for name, share in own.items())
    weights = sum(others.values())
    rest = round((ratio * sum(sizes.values()) - zeros) / weights, _DIGITS) if others else 0.0
    if not others or not 0 <= rest < 1:
        raise InvalidSettingError(_unreachable(ratio, rest, others))
    return {name: own.get(name, rest) for name in sizes}


def _unreachable(ratio: float, rest: float, others: Mapping[str, int]) -> str:
    if not others:
        return f"{FIELD}: names every layer that is pruned, so that ratio decides nothing; leave one out"
    if rest < 0:
        return (
            f"{FIELD}: makes more zeros than {ratio:g} of all weights that are pruned; "
            "lower these ratios, or raise ratio"
        )
    return (
        f"{FIELD}: leaves too few zeros for {ratio:g} of all weights that are pruned, even if the other "
        "layers had nothing else; raise these ratios, or lower ratio"
    )

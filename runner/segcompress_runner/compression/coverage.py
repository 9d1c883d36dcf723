"""Whether the distilled variables train every layer that a step changes: no other signal reaches a layer.

A layer behind them would be masked and never trained again, or quantised with scales that nobody measured.
PaddleSlim's ACT does both without a word.
"""

from collections.abc import Iterable, Sequence

from segcompress_runner.compression.graph import Operator, last_outputs, needed
from segcompress_runner.compression.nodes import FIELD
from segcompress_runner.errors import InvalidSettingError

_SHOWN = 3


def check_coverage(graph: Sequence[Operator], nodes: Iterable[str], changed: Sequence[Operator]) -> None:
    """Raise InvalidSettingError where an operator of `changed` lies behind all of `nodes`."""
    distilled = tuple(nodes)
    trained = needed(graph, distilled)
    behind = [operator for operator in changed if operator not in trained]
    if not behind:
        return
    names = [operator.output for operator in behind]
    listed = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    count = f"{len(names)} layers lie" if len(names) > 1 else "1 layer lies"
    raise InvalidSettingError(
        f"{FIELD}: {count} behind {' and '.join(distilled)} and would be compressed without being trained "
        f"({listed}); add {', '.join(last_outputs(graph, behind))} to it, or leave node out"
    )

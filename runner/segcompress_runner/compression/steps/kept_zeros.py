"""Zeros that a training before made, held while another step trains the weights beside them.

PaddleSlim's ACT lets the second training fill them again, unless `sparse_model` is set. A weight of zero
is the code zero: what is held here is as sparse once it is quantised.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from segcompress_api.act_settings import KeptZeros as KeptZerosSettings
from segcompress_runner.compression.graph import Operator
from segcompress_runner.compression.steps.masking import Masking
from segcompress_runner.compression.steps.step import Graphs, Step


class KeptZeros(Step):
    """Masks of the zeros that are there when the training starts, in weights of more than one dimension."""

    def __init__(self, settings: KeptZerosSettings) -> None:
        del settings  # they say that it takes part, and no more
        self._masking: Any = None

    def changed(self, program: Any, graph: Sequence[Operator], nodes: Sequence[str]) -> tuple[Operator, ...]:
        """Return no operator: each of them was another step's to change."""
        del program, graph, nodes
        return ()

    def before_loss(self, graphs: Graphs, executor: Any) -> None:
        """Take the masks from the weights in the scope."""
        self._masking = Masking(graphs.scope)
        for param in graphs.train.all_parameters():
            kept = self._masking.value(param.name) != 0
            if kept.ndim > 1 and not kept.all():
                self._masking.hold(param.name, kept.astype(np.float32), executor.place)

    def advance(self, iterations: int, executor: Any) -> None:
        """Clear what the optimiser moved."""
        del iterations
        self._masking.apply(executor)

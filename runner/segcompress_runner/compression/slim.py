"""The pieces of PaddleSlim that are used.

Its packages import every strategy, with what plots and counts for them (matplotlib, scipy.stats, sklearn):
half of the seconds that a run takes to start.
"""

import sys

from segcompress_runner.compression.links import speed_up_links
from segcompress_runner.compression.lookups import speed_up_lookups
from segcompress_runner.pieces import without_init

with without_init("paddleslim", "paddleslim.common", "paddleslim.prune", "paddleslim.quant"):
    from paddleslim.common.log_helper import get_logger

    # What the other modules import from the package itself.
    sys.modules["paddleslim.common"].get_logger = get_logger  # type: ignore[attr-defined]

    from paddleslim.common.recover_program import _remove_fetch_node as remove_fetch_node
    from paddleslim.common.recover_program import recover_inference_program
    from paddleslim.prune.unstructured_pruner import UnstructuredPruner
    from paddleslim.quant.quanter import (
        TRANSFORM_PASS_OP_TYPES,
        convert,
        get_pact_optimizer,
        pact,
        quant_aware,
    )

speed_up_links()
speed_up_lookups()

__all__ = [
    "TRANSFORM_PASS_OP_TYPES",
    "UnstructuredPruner",
    "convert",
    "get_pact_optimizer",
    "pact",
    "quant_aware",
    "recover_inference_program",
    "remove_fetch_node",
]

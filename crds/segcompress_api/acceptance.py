"""The gates of a spec (`acceptance`): what a compressed model must reach to be accepted."""

from typing import Annotated

from pydantic import Field

from segcompress_api.base import Model
from segcompress_api.benchmark import RuntimeName

_DECIMAL = r"^(0(\.[0-9]{1,9})?|1(\.0{1,9})?)$"

Fraction = Annotated[str, Field(pattern=_DECIMAL, max_length=12)]
"""A decimal string from 0 to 1, such as "0.01": a float has no one spelling."""

UNLIMITED = "Unlimited"
"""What maxMiouDrop is set to where any loss is acceptable."""

DEFAULT_MAX_MIOU_DROP = "0.02"
"""The gate where maxMiouDrop is not set: three times what published results of this compression lose."""

Ratio = Annotated[
    str, Field(pattern=r"^(0\.0{0,8}[1-9][0-9]{0,8}|[1-9][0-9]{0,2}(\.[0-9]{1,9})?)$", max_length=13)
]
"""A decimal string above 0 and below 1000, such as "1.3"."""

MiouDrop = Annotated[str, Field(pattern=rf"^{UNLIMITED}$|{_DECIMAL}", max_length=12)]
"""A decimal string from 0 to 1, or Unlimited."""


class MinSpeedup(Model):
    """A gate on one runtime's speed."""

    runtime: RuntimeName = Field(description="Runtime on which it is measured; one of benchmark.runtimes.")
    ratio: Ratio = Field(
        description=(
            'Minimum baseline latency over compressed latency, as a decimal string: "1.3". The lower end of '
            "the measured ratio's 95 % interval must reach it."
        )
    )


class Acceptance(Model):
    """Gates: a run that misses one ends Failed, its model published as not accepted.

    Some gates need no setting: a class that the baseline finds may not vanish, the sparsity that was
    asked for must be reached, and an exported file must give what the saved model gives.
    """

    max_miou_drop: MiouDrop | None = Field(
        default=None,
        description=(
            'Maximum loss of mIoU against the baseline, as a decimal string: "0.01". '
            f'Default: "{DEFAULT_MAX_MIOU_DROP}"; {UNLIMITED} accepts any loss.'
        ),
    )
    max_class_iou_drop: Fraction | None = Field(
        default=None,
        description='Maximum loss of IoU of any class against the baseline, as a decimal string: "0.03".',
    )
    max_boundary_iou_drop: Fraction | None = Field(
        default=None,
        description=(
            "Maximum loss of mean boundary IoU (arXiv 2103.16562) against the baseline, "
            'as a decimal string: "0.02".'
        ),
    )
    min_speedup: MinSpeedup | None = Field(
        default=None, description="Minimum speed-up of the compressed model on a runtime."
    )
    max_size_ratio: Ratio | None = Field(
        default=None,
        description=(
            "Maximum size of what a runtime loads, as a share of the baseline's in the same format: "
            '"0.5". Program and parameters together for PaddleInference, all exported files for others.'
        ),
    )
    min_sparsity: Fraction | None = Field(
        default=None, description='Minimum share of zeros in the pruned layers of the saved model: "0.745".'
    )

"""How far a run has come: what its pod reports, what the status shows, and when that is worth a write.

A report comes from a pod, so it is hostile input: no unknown fields, numbers with a limit, and nothing in it
that says whose it is.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from segcompress_api.base import LARGEST_COUNT, Model, Whole

REPORT_BYTES = 2048
"""Largest report in JSON."""

PERIOD_SECONDS = 30.0
"""A change of stage, percent or evaluations is reported at most this often, in seconds."""

LONGEST_SECONDS = 300.0
"""Steps that change none of these are reported this often, in seconds."""

EVALUATIONS_LIMIT = 20
"""Maximum number of evaluations in a report and in a status."""

Count = Annotated[Whole, Field(ge=0, le=LARGEST_COUNT)]
Share = Annotated[str, Field(pattern=r"^(0\.[0-9]{1,9}|1\.0{1,9})$")]
"""A number from 0 to 1 as a decimal string."""


class Stage(StrEnum):
    """The stages of a run, in their order."""

    FETCH = "Fetch"
    VALIDATE = "Validate"
    BASELINE = "Baseline"
    COMPRESS = "Compress"
    EVALUATE = "Evaluate"
    EXPORT = "Export"
    BENCHMARK = "Benchmark"
    PUBLISH = "Publish"


class TrainingEvaluation(Model):
    """An evaluation on the validation list during the training."""

    step: Annotated[Count, Field(ge=1)] = Field(
        description="Iterations of training before it, including those of the strategy's earlier trainings."
    )
    miou: Share = Field(description="Mean intersection over union, 0 to 1.")


def thinned(evaluations: Sequence[TrainingEvaluation]) -> tuple[TrainingEvaluation, ...]:
    """Return all evaluations; of EVALUATIONS_LIMIT + 1, all but the least informative one.

    That is the one whose neighbours are closest to each other; never the first, the last or the best one.
    """
    if len(evaluations) <= EVALUATIONS_LIMIT:
        return tuple(evaluations)
    best = max(range(len(evaluations)), key=lambda at: float(evaluations[at].miou))
    inner = (at for at in range(1, len(evaluations) - 1) if at != best)
    least = min(inner, key=lambda at: evaluations[at + 1].step - evaluations[at - 1].step)
    return (*evaluations[:least], *evaluations[least + 1 :])


class ProgressReport(Model):
    """What a runner's pod reports about itself."""

    stage: Stage = Field(description="Stage that the run is in.")
    step: Count = Field(description="Steps of the stage that are done.")
    total_steps: Annotated[Count, Field(ge=1)] | None = Field(
        default=None, description="Steps of the stage, if their number is known."
    )
    eta_seconds: Count | None = Field(default=None, description="Seconds to the end of the stage, estimated.")
    evaluations: tuple[TrainingEvaluation, ...] | None = Field(
        default=None,
        max_length=EVALUATIONS_LIMIT,
        description="All evaluations so far that are kept, in each report: a lost report loses none.",
    )

    @model_validator(mode="after")
    def _evaluations_in_order(self) -> Self:
        steps = [each.step for each in self.evaluations or ()]
        if any(step >= following for step, following in pairwise(steps)):
            raise ValueError("evaluations must be in the order of their steps")
        return self

    @model_validator(mode="after")
    def _within_total(self) -> Self:
        if self.total_steps is not None and self.step > self.total_steps:
            raise ValueError(f"step must be at most totalSteps ({self.total_steps}), got {self.step}")
        return self

    @property
    def percent(self) -> int | None:
        """Whole percent of the stage that is done, None where the number of steps is not known."""
        return None if self.total_steps is None else 100 * self.step // self.total_steps


class JobProgress(Model):
    """How far a run has come, by the newest report of its pod."""

    stage: str = Field(
        max_length=32,
        description="Fetch, Validate, Baseline, Compress, Publish (the weights), Evaluate, Export, Benchmark "
        "or Publish (the figures).",
    )
    step: Count = Field(description="Steps of the stage that are done.")
    total_steps: Count | None = Field(
        default=None, description="Steps of the stage, if their number is known."
    )
    percent: Annotated[Whole, Field(ge=0, le=100)] | None = Field(
        default=None, description="Percent of the stage that is done."
    )
    eta_seconds: Count | None = Field(
        default=None, description="Seconds to the end of the stage, estimated at lastUpdateTime."
    )
    last_update_time: str = Field(
        description="When this was written. If it is old, no step has been done since, or the pod "
        "cannot reach the operator.",
        json_schema_extra={"format": "date-time"},
    )


def seconds_until_due(*, moved: bool, seconds: float) -> float:
    """Return for how many more seconds to hold back progress last reported `seconds` ago; 0 or less: none.

    `moved` says whether stage, percent or evaluations have changed. The runner asks before it sends a report,
    and the operator before it writes one.
    """
    return (PERIOD_SECONDS if moved else LONGEST_SECONDS) - seconds

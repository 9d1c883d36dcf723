"""What the operator reports about a sweep; its size is bounded, whatever the number of trials."""

from typing import Annotated, Literal

from pydantic import Field

from segcompress_api.base import Model
from segcompress_api.status import Condition, Phase

MetricName = Literal[
    "compressed.miou",
    "compressed.boundaryIou",
    "compressed.latencyMs",
    "compressed.sizeBytes",
    "compressed.sparsity",
    "miouDrop",
    "boundaryIouDrop",
    "speedup",
    "worstClass.iouDrop",
]
"""Fields of a job's status.metrics that objectives and constraints may name."""

FRONTIER_LIMIT = 20


class TrialCounts(Model):
    """Number of trials by state."""

    total: int = Field(default=0, description="Trials that exist.")
    running: int = Field(default=0, description="Trials that have not ended.")
    succeeded: int = Field(default=0, description="Trials that ended Succeeded.")
    failed: int = Field(
        default=0, description="Trials that ended Failed, except those that were stopped early."
    )
    rejected: int = Field(
        default=0,
        description="Failed trials that were measured and missed a gate; they do not count towards "
        "maxFailedTrials.",
    )
    stopped: int = Field(
        default=0,
        description="Trials that were stopped early; they do not count towards maxFailedTrials.",
    )


class SweepTrial(Model):
    """A trial that succeeded."""

    name: str = Field(max_length=253, description="Name of its SegCompressionJob.")
    parameters: dict[str, Annotated[str, Field(max_length=256)]] = Field(
        default_factory=dict, description="Its parameters by name."
    )
    metrics: dict[str, Annotated[str, Field(max_length=24)]] = Field(
        default_factory=dict, description="Its metrics that objectives and constraints name."
    )


class SweepStatus(Model):
    """Observed state of a sweep."""

    observed_generation: int = Field(
        default=-1, description="metadata.generation that this status describes."
    )
    phase: Phase | None = Field(default=None, description="Summary of the conditions, for people.")
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=16,
        description="Complete, Failed, Suspended, Finished, Ready, Reconciling, Stalled; FailureTarget "
        "says why the sweep will fail while its trials are still stopping.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    start_time: str | None = Field(
        default=None,
        description="When the first trial was created.",
        json_schema_extra={"format": "date-time"},
    )
    completion_time: str | None = Field(
        default=None, description="When the sweep ended.", json_schema_extra={"format": "date-time"}
    )
    trials: TrialCounts | None = Field(default=None, description="Number of trials by state.")
    best_trial: SweepTrial | None = Field(
        default=None, description="The trial on the frontier that is best by the first objective."
    )
    frontier: tuple[SweepTrial, ...] | None = Field(
        default=None,
        max_length=FRONTIER_LIMIT,
        description="Pareto frontier of the trials that succeeded and satisfy every constraint, best by the "
        f"first objective first; of more than {FRONTIER_LIMIT}, a selection from one end to the other.",
    )

"""SegCompressionSweep: many runs that differ in a few fields of their spec, as a user asks for them."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from segcompress_api.base import API_GROUP, API_VERSION, LARGEST_COUNT, Flag, Model, Whole
from segcompress_api.job import JobSpec, ObjectMeta
from segcompress_api.sweep_status import MetricName, SweepStatus

SWEEP_KIND = "SegCompressionSweep"
SWEEP_PLURAL = "segcompressionsweeps"
SWEEP_SHORT_NAME = "scs"

SWEEP_NAME_LABEL = f"{API_GROUP}/sweep-name"
"""Label of each trial: the name of its sweep."""

MUTABLE_SWEEP_FIELDS = frozenset({"maxTrials", "parallelTrials", "suspend"})

VALUE_LIMIT = 256
"""Characters of one value."""

_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"

Decimal = Annotated[str, Field(pattern=_NUMBER, max_length=24)]
"""A number as a string, such as "0.005" or "5e-3": a float has no one spelling."""

Value = Annotated[str, Field(min_length=1, max_length=VALUE_LIMIT)]
LabelValue = Annotated[str, Field(max_length=63)]

LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
LabelText = Annotated[str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")]
"""Key and value of a label as a selector takes them."""


class Range(Model):
    """Numbers between two bounds, both included."""

    min: Decimal = Field(description='Least value: "0.0001".')
    max: Decimal = Field(description='Greatest value: "0.01".')
    scale: Literal["Linear", "Log"] = Field(
        default="Linear", description="Log: as many values are drawn from 0.001 to 0.01 as from 0.01 to 0.1."
    )
    step: Decimal | None = Field(
        default=None, description="Distance between two values, counted from min; of a Linear range alone."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if float(self.min) >= float(self.max):
            raise ValueError("max must be greater than min")
        if self.scale == "Log" and float(self.min) <= 0:
            raise ValueError("min must be greater than 0 where scale is Log")
        if self.step is not None and (self.scale == "Log" or float(self.step) <= 0):
            raise ValueError("step must be greater than 0, and needs scale Linear")
        return self


class Parameter(Model):
    """A field that the trials differ in: exactly one of values and range says what it may be."""

    name: str = Field(
        min_length=1,
        max_length=32,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*$",
        description="Its name in the status.",
    )
    path: str = Field(
        max_length=256,
        pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_-]+)*$",
        description="Field of a SegCompressionJob's spec: strategy.UnstructurePrune.ratio.",
    )
    values: tuple[Value, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description='What the field may be, each as a string: "0.75", "gmp", or JSON as "[4, 1]".',
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    range: Range | None = Field(default=None, description="Numbers that the field may be.")

    @model_validator(mode="after")
    def _one_domain(self) -> Self:
        if (self.values is None) == (self.range is None):
            raise ValueError("give exactly one of values and range")
        return self


class Algorithm(Model):
    """How the next trial is chosen."""

    name: Literal["Grid", "Random", "TPE", "NSGAII"] = Field(
        description="Grid: every combination in turn. Random: combinations without order. TPE and NSGAII: "
        "from startupTrials on, what the trials before make promising."
    )
    seed: Whole = Field(
        default=0,
        ge=0,
        le=LARGEST_COUNT,
        description="Seed of every choice: the same trials before give the same next one.",
    )
    startup_trials: Whole = Field(
        default=10,
        ge=2,
        le=1000,
        description="Trials of TPE that are drawn at random before it learns; of NSGAII, the size of a "
        "generation. No effect on Grid and Random.",
    )


class Objective(Model):
    """A figure to be made as good as possible."""

    metric: MetricName = Field(description="Field of a job's status.metrics.")
    goal: Literal["Maximize", "Minimize"] = Field(description="Which way is better.")


class Constraint(Model):
    """A figure that a trial must keep to be chosen: exactly one of max and min."""

    metric: MetricName = Field(description="Field of a job's status.metrics.")
    max: Decimal | None = Field(default=None, description='Greatest value that is kept: "0.01".')
    min: Decimal | None = Field(default=None, description='Least value that is kept: "1.2".')

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.max is None) == (self.min is None):
            raise ValueError("give exactly one of max and min")
        return self


class KnownTrials(Model):
    """Which jobs a search starts from."""

    match_labels: dict[str, LabelText] = Field(
        min_length=1,
        max_length=8,
        description="Labels that a job must have, each with its value: model: pp-humanseg.",
    )

    @model_validator(mode="after")
    def _keys_are_keys_of_labels(self) -> Self:
        for key in self.match_labels:
            if not re.fullmatch(LABEL_KEY, key):
                raise ValueError(f"matchLabels: {key} must be the key of a label, such as example.com/model")
        return self


class TemplateMeta(Model):
    """Metadata that each trial gets."""

    labels: dict[str, LabelValue] = Field(
        default_factory=dict,
        max_length=32,
        description="Labels of each trial, such as Kueue's kueue.x-k8s.io/queue-name.",
    )


class JobTemplate(Model):
    """The SegCompressionJob that each trial is, but for its parameters."""

    metadata: TemplateMeta = Field(default=TemplateMeta(), description="Metadata that each trial gets.")
    spec: JobSpec = Field(description="A whole spec; each parameter replaces one of its fields.")


class SweepSpec(Model):
    """A sweep. Immutable but for maxTrials, parallelTrials and suspend: a change is another sweep."""

    template: JobTemplate = Field(description="The SegCompressionJob that each trial is.")
    parameters: tuple[Parameter, ...] = Field(
        min_length=1,
        max_length=16,
        description="Fields that the trials differ in.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    algorithm: Algorithm = Field(description="How the next trial is chosen.")
    objectives: tuple[Objective, ...] = Field(
        min_length=1,
        max_length=3,
        description="Figures to be made as good as possible; the first one decides about bestTrial.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["metric"]},
    )
    constraints: tuple[Constraint, ...] = Field(
        default=(), max_length=8, description="Figures that a trial must keep to be chosen."
    )
    known_trials: KnownTrials | None = Field(
        default=None,
        description="Finished SegCompressionJobs of the sweep's namespace that TPE and NSGAII learn from, "
        "whatever created them: the newest 1,000 that lie at points of the parameters. They are read when "
        "the sweep starts; their points are not tried again, and they may stand in the frontier.",
    )
    max_trials: Whole = Field(
        ge=1,
        le=100_000,
        description="Trials to make; fewer where the parameters have fewer combinations. May be changed "
        "until the sweep has ended.",
    )
    parallel_trials: Whole = Field(
        default=1,
        ge=1,
        le=1000,
        description="Trials that may run at once. May be changed until the sweep has ended: fewer stops "
        "none.",
    )
    max_failed_trials: Whole = Field(
        default=5,
        ge=0,
        le=100_000,
        description="Trials that may end without figures before the sweep fails; one that only missed a gate "
        "has figures.",
    )
    suspend: Flag = Field(
        default=False,
        description="true suspends every trial that has not ended and starts no other; false goes on.",
    )

    @model_validator(mode="after")
    def _known_trials_are_learned_from(self) -> Self:
        if self.known_trials is not None and self.algorithm.name not in ("TPE", "NSGAII"):
            raise ValueError("knownTrials has no effect unless algorithm is TPE or NSGAII")
        return self

    @model_validator(mode="after")
    def _grid_is_finite(self) -> Self:
        for parameter in self.parameters:
            if self.algorithm.name == "Grid" and parameter.range is not None and parameter.range.step is None:
                raise ValueError(f"parameter {parameter.name}: a Grid needs values, or a range with a step")
        return self


class SegCompressionSweep(Model):
    """Many compression runs of one model, which search for the settings that suit it best."""

    api_version: Literal["segcompress.dev/v1alpha1"] = f"{API_GROUP}/{API_VERSION}"  # type: ignore[assignment]
    kind: Literal["SegCompressionSweep"] = "SegCompressionSweep"
    metadata: ObjectMeta = ObjectMeta()
    spec: SweepSpec = Field(
        description="What to search. Immutable but for maxTrials, parallelTrials and suspend."
    )
    status: SweepStatus = Field(
        default=SweepStatus(), description="How it went; written by the operator alone."
    )

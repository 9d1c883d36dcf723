"""SegCompressionSweep as a user writes it: many jobs that differ in a few fields of their spec."""

import re
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from segcompress_api.base import API_GROUP, API_VERSION, LARGEST_COUNT, Flag, Model, Whole, named_twice
from segcompress_api.job import JobSpec, ObjectMeta
from segcompress_api.parameters import Decimal, Parameter
from segcompress_api.sweep_status import MetricName, SweepStatus

SWEEP_KIND = "SegCompressionSweep"
SWEEP_PLURAL = "segcompressionsweeps"
SWEEP_SHORT_NAME = "scs"

SWEEP_NAME_LABEL = f"{API_GROUP}/sweep-name"
"""Label of each trial: the name of its sweep."""

MUTABLE_SWEEP_FIELDS = frozenset({"maxTrials", "parallelTrials", "suspend"})

ACCURACY_GOALS = (("compressed.miou", "Maximize"), ("miouDrop", "Minimize"))
"""Objectives that evaluations during a training can measure."""

NO_ACCURACY = (
    "earlyStopping requires the objective compressed.miou (Maximize) or miouDrop (Minimize): "
    "trials report no other metric while they train"
)

PATHS_APART = "no two parameters may have the same path, or a path below the other's"

NO_SUSPEND = "template.spec.suspend has no effect: set the sweep's own suspend"

OPERATORS_LABELS = ("segcompress.dev/", "app.kubernetes.io/")
NOT_YOUR_LABEL = (
    "labels of segcompress.dev/ and app.kubernetes.io/ are written by the operator; choose another key"
)

LabelValue = Annotated[str, Field(max_length=63)]

LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
LabelText = Annotated[str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")]
"""Key and value of a label as a selector takes them."""


class Algorithm(Model):
    """How the next trial is chosen."""

    name: Literal["Grid", "Random", "TPE", "NSGAII"] = Field(
        description="Grid: every combination in turn. Random: combinations in random order. TPE and NSGAII: "
        "after startupTrials, points that earlier trials make promising."
    )
    seed: Whole = Field(
        default=0,
        ge=0,
        le=LARGEST_COUNT,
        description="Seed of the search: the same seed and trials give the same next trial.",
    )
    startup_trials: Whole = Field(
        default=10,
        ge=2,
        le=1000,
        description="TPE: number of random trials before it learns. NSGAII: size of a generation. "
        "No effect on Grid and Random.",
    )


class Objective(Model):
    """A metric to maximize or minimize."""

    metric: MetricName = Field(description="Field of a job's status.metrics.")
    goal: Literal["Maximize", "Minimize"] = Field(description="Whether more or less is better.")


class Constraint(Model):
    """A bound on a metric of acceptable trials: exactly one of max and min is given."""

    metric: MetricName = Field(description="Field of a job's status.metrics.")
    max: Decimal | None = Field(default=None, description='Maximum, inclusive: "0.01".')
    min: Decimal | None = Field(default=None, description='Minimum, inclusive: "1.2".')

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.max is None) == (self.min is None):
            raise ValueError("give exactly one of max and min")
        return self


class KnownTrials(Model):
    """Selects finished jobs that the search starts from."""

    match_labels: dict[str, LabelText] = Field(
        min_length=1,
        max_length=8,
        description="Labels that a job must have, such as {model: pp-humanseg}.",
    )

    @model_validator(mode="after")
    def _keys_are_keys_of_labels(self) -> Self:
        for key in self.match_labels:
            if not re.fullmatch(LABEL_KEY, key):
                raise ValueError(f"matchLabels: {key} must be the key of a label, such as example.com/model")
        return self


class EarlyStopping(Model):
    """Which running trials are stopped, by the mIoU of the evaluations during their trainings."""

    name: Literal["MedianStop", "ASHA"] = Field(
        description="MedianStop stops a trial if its best mIoU so far is worse than the median of the "
        "running averages of completed trials up to the same step. ASHA stops it if its mIoU at the last "
        "rung that it reached is not among the best of all trials that reached that rung."
    )
    start_step: Whole = Field(
        ge=1,
        le=LARGEST_COUNT,
        description="MedianStop: no trial is stopped before this iteration of its training. ASHA: the first "
        "rung; each further rung is reductionFactor times the previous one.",
    )
    min_trials: Whole = Field(
        default=5,
        ge=1,
        le=1000,
        description="Minimum number of trials to compare with: completed trials for MedianStop, other trials "
        "that reached the same rung for ASHA. With fewer, no trial is stopped.",
    )
    reduction_factor: Whole = Field(
        default=4,
        ge=2,
        le=10,
        description="ASHA: one in this many of the trials that reached a rung continues. No effect on "
        "MedianStop.",
    )


class TemplateMeta(Model):
    """Metadata that each trial gets."""

    labels: dict[str, LabelValue] = Field(
        default_factory=dict,
        max_length=32,
        description="Labels of each trial, such as Kueue's kueue.x-k8s.io/queue-name.",
    )

    @model_validator(mode="after")
    def _labels_are_the_users(self) -> Self:
        if any(key.startswith(OPERATORS_LABELS) for key in self.labels):
            raise ValueError(NOT_YOUR_LABEL)
        return self


class JobTemplate(Model):
    """The SegCompressionJob that each trial is created from."""

    metadata: TemplateMeta = Field(default=TemplateMeta(), description="Metadata that each trial gets.")
    spec: JobSpec = Field(description="A complete spec; each parameter replaces one of its fields.")

    @model_validator(mode="after")
    def _is_not_suspended(self) -> Self:
        if self.spec.suspend:
            raise ValueError(NO_SUSPEND)
        return self


class SweepSpec(Model):
    """A sweep. Immutable except for maxTrials, parallelTrials and suspend."""

    template: JobTemplate = Field(description="The SegCompressionJob that each trial is created from.")
    parameters: tuple[Parameter, ...] = Field(
        min_length=1,
        max_length=16,
        description="Fields in which the trials differ.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    algorithm: Algorithm = Field(description="How the next trial is chosen.")
    objectives: tuple[Objective, ...] = Field(
        min_length=1,
        max_length=3,
        description="Metrics to maximize or minimize; the first one determines bestTrial.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["metric"]},
    )
    constraints: tuple[Constraint, ...] = Field(
        default=(), max_length=8, description="Bounds that a trial must satisfy to be acceptable."
    )
    known_trials: KnownTrials | None = Field(
        default=None,
        description="Finished SegCompressionJobs of the sweep's namespace that TPE and NSGAII learn from, "
        "whatever created them: the newest 1,000 whose fields are a point of the parameters. They are read "
        "when the sweep starts; their points are not tried again, and they may be on the frontier.",
    )
    max_trials: Whole = Field(
        ge=1,
        le=100_000,
        description="Number of trials; fewer if the parameters have fewer combinations. May be changed "
        "until the sweep has ended.",
    )
    parallel_trials: Whole = Field(
        default=1,
        ge=1,
        le=1000,
        description="Trials that may run at once. May be changed until the sweep has ended; lowering it "
        "stops no running trial.",
    )
    max_failed_trials: Whole = Field(
        default=5,
        ge=0,
        le=100_000,
        description="The sweep fails if more trials than this end without metrics. A trial that only missed "
        "a gate has metrics.",
    )
    early_stopping: EarlyStopping | None = Field(
        default=None,
        description="Stops trials that train worse than others, which frees their GPUs. Requires the "
        "objective compressed.miou (Maximize) or miouDrop (Minimize). Only mIoU decides, whatever the other "
        "objectives are.",
    )
    suspend: Flag = Field(
        default=False,
        description="true suspends every trial that has not ended and starts no new one; false resumes.",
    )

    @model_validator(mode="after")
    def _each_is_named_once(self) -> Self:
        names = [each.name for each in self.parameters]
        metrics = [each.metric for each in self.objectives]
        for field, twice in (("parameters", named_twice(names)), ("objectives", named_twice(metrics))):
            if twice is not None:
                raise ValueError(f"{field} has {twice} twice")
        return self

    @model_validator(mode="after")
    def _paths_are_apart(self) -> Self:
        paths = sorted(f"{each.path}." for each in self.parameters)
        if any(below.startswith(path) for path, below in pairwise(paths)):
            raise ValueError(PATHS_APART)
        return self

    @model_validator(mode="after")
    def _known_trials_are_learned_from(self) -> Self:
        if self.known_trials is not None and self.algorithm.name not in ("TPE", "NSGAII"):
            raise ValueError("knownTrials has no effect unless algorithm is TPE or NSGAII")
        return self

    @model_validator(mode="after")
    def _accuracy_is_an_objective(self) -> Self:
        goals = {(each.metric, each.goal) for each in self.objectives}
        if self.early_stopping is not None and goals.isdisjoint(ACCURACY_GOALS):
            raise ValueError(NO_ACCURACY)
        return self

    @model_validator(mode="after")
    def _grid_is_finite(self) -> Self:
        for parameter in self.parameters:
            if self.algorithm.name == "Grid" and parameter.range is not None and parameter.range.step is None:
                raise ValueError(
                    f"parameter {parameter.name}: algorithm Grid requires values, or a range with a step"
                )
        return self


class SegCompressionSweep(Model):
    """Many compression jobs that search for the best settings for a model."""

    api_version: Literal["segcompress.dev/v1alpha1"] = f"{API_GROUP}/{API_VERSION}"  # type: ignore[assignment]
    kind: Literal["SegCompressionSweep"] = "SegCompressionSweep"
    metadata: ObjectMeta = ObjectMeta()
    spec: SweepSpec = Field(
        description="What to search for, and how. Immutable except for maxTrials, parallelTrials and suspend."
    )
    status: SweepStatus = Field(
        default=SweepStatus(), description="Observed state; written only by the operator."
    )

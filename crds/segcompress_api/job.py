"""SegCompressionJob: one compression run, as a user asks for it (spec) and as it went (status)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from segcompress_api.acceptance import Acceptance
from segcompress_api.base import (
    API_GROUP,
    API_VERSION,
    CLUSTER_REQUIRED,
    LARGEST_COUNT,
    Flag,
    LabelValue,
    Model,
    ObjectName,
    Uri,
    Whole,
    named_twice,
)
from segcompress_api.benchmark import Benchmark
from segcompress_api.dataset import Dataset
from segcompress_api.model import ModelSource
from segcompress_api.status import JobStatus
from segcompress_api.strategy import Strategy

KIND = "SegCompressionJob"
PLURAL = "segcompressionjobs"
SHORT_NAME = "scj"

SPEC_LIMIT = 32 * 1024
"""Bytes of a spec as JSON: a pod carries it as an annotation, and the operator keeps it of each resource."""

DEFAULT_PREEMPTION_LIMIT = 20

ExportName = Literal["ONNX", "OpenVINO", "MNN"]


class Output(Model):
    """Where the compressed model goes."""

    # 128 characters less than a status takes: a run's files lie that deep below.
    uri: Annotated[Uri, Field(max_length=896)] = Field(
        description="Folder in which each run gets a folder of its own: s3://bucket/prefix/."
    )


class LocalObjectReference(Model):
    """An object of the resource's own namespace."""

    name: str = Field(
        min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", description="Its name."
    )


class Storage(Model):
    """Credentials of the object store."""

    secret_ref: LocalObjectReference = Field(
        description="Secret with keys endpoint, accessKey, secretKey [, region, sessionToken, ca.crt]."
    )


Quantity = Annotated[str, Field(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")]


class Resources(Model):
    """Requests and limits of the runner's container, as in a pod."""

    requests: dict[str, Quantity] = Field(
        default_factory=dict, max_length=8, description="Requests, such as cpu: '4'."
    )
    limits: dict[str, Quantity] = Field(
        default_factory=dict, max_length=8, description="Limits, such as memory: 16Gi."
    )


class Toleration(Model):
    """A pod's toleration."""

    key: str | None = Field(default=None, max_length=316, description="Taint key.")
    operator: Literal["Exists", "Equal"] | None = Field(default=None, description="Exists or Equal.")
    value: LabelValue | None = Field(default=None, description="Taint value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect."
    )
    toleration_seconds: Whole | None = Field(
        default=None,
        ge=-LARGEST_COUNT,
        le=LARGEST_COUNT,
        description="Seconds for which NoExecute is tolerated.",
    )


class Runtime(Model):
    """What the runner's pod runs on."""

    device: Literal["GPU", "CPU"] = Field(default="GPU", description="Device that Paddle computes on.")
    gpus: Whole = Field(default=1, ge=1, le=1, description="GPUs of a pod with device GPU (nvidia.com/gpu).")
    resources: Resources = Field(default=Resources(), description="Requests and limits of the container.")
    node_selector: dict[str, LabelValue] = Field(
        default_factory=dict, max_length=32, description="Labels that the node must have."
    )
    tolerations: tuple[Toleration, ...] = Field(
        default=(), max_length=32, description="Taints that are tolerated."
    )
    priority_class_name: ObjectName | None = Field(default=None, description="PriorityClass of the pod.")
    runtime_class_name: ObjectName | None = Field(default=None, description="RuntimeClass of the pod.")
    image: str | None = Field(
        default=None,
        max_length=512,
        pattern="^[A-Za-z0-9][A-Za-z0-9._/:@-]*$",
        description="Image of the runner; the operator's settings must allow its prefix.",
    )


class JobSpec(Model):
    """A compression run. Immutable except for suspend and ttlSecondsAfterFinished."""

    model: ModelSource = Field(description="The model to compress.")
    dataset: Dataset = Field(description="Pictures to distil from and to evaluate on.")
    strategy: Strategy = Field(description="ACT's sections: how to compress.")
    benchmark: Benchmark = Field(default=Benchmark(), description="Where latency is measured.")
    acceptance: Acceptance = Field(
        default=Acceptance(), description="Gates that the compressed model must pass."
    )
    exports: tuple[ExportName, ...] = Field(
        default=(),
        max_length=3,
        description="Formats to publish the compressed model in, besides those that benchmark.runtimes load: "
        "each is evaluated and compared with the saved model.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    output: Output = Field(description="Where the compressed model goes.")
    storage: Storage | None = Field(
        default=None,
        description="Credentials of the object store.",
        json_schema_extra={CLUSTER_REQUIRED: True},
    )
    runtime: Runtime = Field(default=Runtime(), description="What the runner's pod runs on.")
    seed: Whole = Field(
        default=0, ge=0, le=LARGEST_COUNT, description="Seed of every random choice in the run."
    )
    suspend: Flag = Field(
        default=False,
        description="true stops the run and deletes its Job; false starts it, from the beginning if it had "
        "run before. No effect on a run that has ended.",
    )
    backoff_limit: Whole = Field(
        default=2, ge=0, le=100, description="Failed pods that are tolerated before giving up."
    )
    preemption_limit: Whole = Field(
        default=DEFAULT_PREEMPTION_LIMIT,
        ge=0,
        le=1000,
        description="Preempted, evicted or drained pods that are tolerated before giving up; they do not "
        "count towards backoffLimit.",
    )
    active_deadline_seconds: Whole = Field(
        default=86400,
        ge=1,
        le=31536000,
        description="Seconds from start to DeadlineExceeded; resuming the run restarts them.",
    )
    ttl_seconds_after_finished: Whole | None = Field(
        default=None,
        ge=0,
        le=31536000,
        description="Seconds after which the finished Job and its pods are removed.",
    )

    @model_validator(mode="after")
    def _each_export_once(self) -> Self:
        twice = named_twice(self.exports)
        if twice is not None:
            raise ValueError(f"exports names {twice} twice")
        return self

    @model_validator(mode="after")
    def _sparsity_of_what_is_pruned(self) -> Self:
        strategy = self.strategy
        zeros = (strategy.config_uri, strategy.unstructure_prune, strategy.asp_prune)
        sparse = any(one is not None for one in zeros) or strategy.preset == "SparseDistillation"
        if self.acceptance.min_sparsity is not None and not sparse:
            raise ValueError(
                "acceptance.minSparsity requires UnstructurePrune or ASPPrune: nothing else sets weights "
                "to zero"
            )
        return self

    @model_validator(mode="after")
    def _speed_of_what_is_measured(self) -> Self:
        asked, measured = self.acceptance.min_speedup, self.benchmark.runtimes
        if asked is not None and asked.runtime not in measured:
            raise ValueError(
                f"acceptance.minSpeedup.runtime {asked.runtime} is not measured: "
                f"benchmark.runtimes has {', '.join(measured)}"
            )
        return self


MUTABLE_FIELDS = frozenset({"suspend", "ttlSecondsAfterFinished"})


class ObjectMeta(Model):
    """The metadata that our code reads."""

    model_config = ConfigDict(extra="ignore")

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _null_is_unset(cls, value: Any) -> Any:
        """Take `annotations:` without a value as kubectl does."""
        if not isinstance(value, Mapping):
            return value
        return {name: given for name, given in value.items() if given is not None}


class SegCompressionJob(Model):
    """A compression run of one segmentation model."""

    api_version: Literal["segcompress.dev/v1alpha1"] = f"{API_GROUP}/{API_VERSION}"  # type: ignore[assignment]
    kind: Literal["SegCompressionJob"] = "SegCompressionJob"
    metadata: ObjectMeta = ObjectMeta()
    spec: JobSpec = Field(
        description="What to compress, and how. Immutable except for suspend and ttlSecondsAfterFinished."
    )
    status: JobStatus = Field(
        default=JobStatus(), description="Observed state; written only by the operator."
    )

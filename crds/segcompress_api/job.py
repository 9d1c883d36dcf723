"""SegCompressionJob: one compression run, as a user asks for it (spec) and as it went (status)."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from segcompress_api.base import (
    API_GROUP,
    API_VERSION,
    CLUSTER_REQUIRED,
    LARGEST_COUNT,
    Model,
    Uri,
    Whole,
)
from segcompress_api.dataset import Dataset
from segcompress_api.model import ModelSource
from segcompress_api.status import JobStatus
from segcompress_api.strategy import Strategy

KIND = "SegCompressionJob"
PLURAL = "segcompressionjobs"
SHORT_NAME = "scj"

SPEC_LIMIT = 32 * 1024
"""Bytes of a spec as JSON: a pod carries it as an annotation, and the operator keeps it of each resource."""

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


RuntimeName = Literal["PaddleInference", "ONNXRuntime", "OpenVINO", "MNN"]
ExportName = Literal["ONNX", "OpenVINO", "MNN"]


def _named_twice(names: Sequence[str]) -> str | None:
    return next((name for index, name in enumerate(names) if name in names[:index]), None)


class Benchmark(Model):
    """Where and how latency is measured: batch 1, baseline and compressed model interleaved."""

    runtimes: tuple[RuntimeName, ...] = Field(
        default=("PaddleInference", "ONNXRuntime"),
        min_length=1,
        max_length=4,
        description="Runtimes to measure on; the first gives status.metrics its latencyMs.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    threads: Whole = Field(default=1, ge=1, le=64, description="Threads of a runtime.")
    warmup: Whole = Field(default=50, ge=0, le=10000, description="Queries before the first that counts.")
    min_queries: Whole = Field(
        default=1024, ge=16, le=100000, description="Queries that count, for each model."
    )

    @model_validator(mode="after")
    def _each_runtime_once(self) -> Self:
        twice = _named_twice(self.runtimes)
        if twice is not None:
            raise ValueError(f"runtimes names {twice} twice")
        return self


class MinSpeedup(Model):
    """A gate on one runtime's speed."""

    runtime: RuntimeName = Field(description="Runtime to hold it on; one of benchmark.runtimes.")
    ratio: Ratio = Field(
        description=(
            'Least baseline latency over compressed latency, as a decimal string: "1.3". The lower end of '
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
            'Most mIoU that may be lost against the baseline, as a decimal string: "0.01". '
            f'"{DEFAULT_MAX_MIOU_DROP}" where it is not set; {UNLIMITED} accepts any loss.'
        ),
    )
    max_class_iou_drop: Fraction | None = Field(
        default=None,
        description='Most IoU that any one class may lose against the baseline, as a decimal string: "0.03".',
    )
    max_boundary_iou_drop: Fraction | None = Field(
        default=None,
        description=(
            "Most mean boundary IoU (arXiv 2103.16562) that may be lost against the baseline, "
            'as a decimal string: "0.02".'
        ),
    )
    min_speedup: MinSpeedup | None = Field(
        default=None, description="Least speed-up of the compressed model on a runtime."
    )
    max_size_ratio: Ratio | None = Field(
        default=None,
        description=(
            "Most bytes of what a runtime loads, as a share of the baseline's in the same format: "
            '"0.5". Program and parameters together for PaddleInference, all exported files for others.'
        ),
    )
    min_sparsity: Fraction | None = Field(
        default=None, description='Least share of zeros in the pruned layers of the saved model: "0.745".'
    )


class Output(Model):
    """Where the compressed model goes."""

    # 128 characters less than a status takes: a run's files lie that deep below.
    uri: Annotated[Uri, Field(max_length=896)] = Field(
        description="Folder under which each run gets its own: s3://bucket/prefix/."
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
    value: str | None = Field(default=None, max_length=63, description="Taint value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect."
    )
    toleration_seconds: Whole | None = Field(
        default=None,
        ge=-LARGEST_COUNT,
        le=LARGEST_COUNT,
        description="Seconds that NoExecute is tolerated.",
    )


class Runtime(Model):
    """What the runner's pod runs on."""

    device: Literal["GPU", "CPU"] = Field(default="GPU", description="Device that Paddle computes on.")
    gpus: Whole = Field(default=1, ge=1, le=1, description="GPUs of a pod with device GPU (nvidia.com/gpu).")
    resources: Resources = Field(default=Resources(), description="Requests and limits of the container.")
    node_selector: dict[str, Annotated[str, Field(max_length=63)]] = Field(
        default_factory=dict, max_length=32, description="Labels that the node must have."
    )
    tolerations: tuple[Toleration, ...] = Field(
        default=(), max_length=32, description="Taints that are tolerated."
    )
    priority_class_name: str | None = Field(
        default=None, max_length=253, description="PriorityClass of the pod."
    )
    runtime_class_name: str | None = Field(
        default=None, max_length=253, description="RuntimeClass of the pod."
    )
    image: str | None = Field(
        default=None,
        max_length=512,
        description="Runner image, where the operator's settings allow its prefix.",
    )


class JobSpec(Model):
    """A compression run. Immutable but for ttlSecondsAfterFinished: a changed run is another run."""

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
        description="Formats to publish the compressed model in, beside those that benchmark.runtimes load: "
        "each is evaluated and held against the saved model.",
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
    backoff_limit: Whole = Field(
        default=2, ge=0, le=100, description="Failed pods that are tolerated before giving up."
    )
    active_deadline_seconds: Whole = Field(
        default=86400, ge=1, le=31536000, description="Seconds from start to DeadlineExceeded."
    )
    ttl_seconds_after_finished: Whole | None = Field(
        default=None,
        ge=0,
        le=31536000,
        description="Seconds after which the finished Job and its pods are removed.",
    )

    @model_validator(mode="after")
    def _each_export_once(self) -> Self:
        twice = _named_twice(self.exports)
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
                "acceptance.minSparsity is about weights that become zero: of UnstructurePrune and "
                "ASPPrune alone"
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


MUTABLE_FIELDS = frozenset({"ttlSecondsAfterFinished"})


class ObjectMeta(Model):
    """The metadata that our code reads."""

    model_config = ConfigDict(extra="ignore")

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class SegCompressionJob(Model):
    """A compression run of one segmentation model."""

    api_version: Literal["segcompress.dev/v1alpha1"] = f"{API_GROUP}/{API_VERSION}"  # type: ignore[assignment]
    kind: Literal["SegCompressionJob"] = "SegCompressionJob"
    metadata: ObjectMeta = ObjectMeta()
    spec: JobSpec = Field(description="What to do. Immutable but for ttlSecondsAfterFinished.")
    status: JobStatus = Field(default=JobStatus(), description="How it went; written by the operator alone.")

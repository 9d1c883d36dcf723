"""What the operator reports on a resource: conditions are the truth, phase is derived from them.

Figures are decimal strings, never floats: a float has no one spelling, and its rounding changes on the way
through clients of other languages.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field

from segcompress_api.base import Model
from segcompress_api.progress import EVALUATIONS_LIMIT, JobProgress, TrainingEvaluation

Phase = Literal["Pending", "Queued", "Running", "Suspended", "Succeeded", "Failed"]
Figure = Annotated[str, Field(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$", max_length=24)]
_FIGURE_LIMIT = 10**12 - 1
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SizeBytes = Annotated[int, Field(ge=0, le=2**53)]
"""Above 2**53 JSON's numbers are not exact, and above 2**63 the API server refuses them."""

ShortText = Annotated[str, Field(max_length=1024)]


def figure(value: float, places: int) -> str:
    """Return `value` as a decimal string with `places` places; raises ValueError where it is not finite.

    A loss that rounds to nothing is "0.0000", never "-0.0000".
    """
    decimal = Decimal(repr(float(value)))
    if not decimal.is_finite() or abs(decimal) >= _FIGURE_LIMIT:
        raise ValueError(f"{value} is not a figure")
    text = f"{decimal:.{places}f}"
    return text if text.strip("-0.") else text.lstrip("-")


@lru_cache(maxsize=64)
def timestamp(moment: datetime) -> str:
    """Return Kubernetes' RFC 3339 spelling, in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Condition(Model):
    """One condition, as apimachinery's metav1.Condition."""

    type: str = Field(max_length=316, description="Name of the condition.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    observed_generation: int = Field(default=0, description="metadata.generation at which this was observed.")
    last_transition_time: str = Field(description="When status last changed.")
    reason: str = Field(max_length=1024, description="CamelCase word for programs.")
    message: str = Field(default="", max_length=32768, description="Sentence for people.")


class Attempts(Model):
    """Pods of the child Job that jobName names, as far as they ended without a result."""

    failed: int = Field(
        default=0, description="Pods that failed; they count towards the backoffLimit of their Job."
    )
    preempted: int = Field(
        default=0,
        description="Pods that were preempted, evicted or drained; they count towards preemptionLimit. "
        "A pod that was gone before the operator saw its end is not counted.",
    )
    preempted_until: str | None = Field(
        default=None,
        description="When the newest of these pods, or the pod that a suspension ended, was created: "
        "older ones are not counted again.",
        json_schema_extra={"format": "date-time"},
    )


class ModelFigures(Model):
    """What published tables of compression give of one model."""

    miou: Figure = Field(description="Mean intersection over union on the validation list, 0 to 1.")
    boundary_iou: Figure | None = Field(
        default=None,
        description="Mean boundary IoU on the same list, 0 to 1: IoU of the pixels along contours.",
    )
    latency_ms: Figure | None = Field(default=None, description="Median latency at batch 1, in milliseconds.")
    size_bytes: SizeBytes = Field(description="Size of the parameter file, in bytes.")
    sparsity: Figure | None = Field(default=None, description="Share of zeros in the pruned layers, 0 to 1.")


class WorstClass(Model):
    """The class that lost most."""

    id: int = Field(ge=0, le=255, description="Its id.")
    name: ShortText = Field(default="", description="Its name, from dataset.classNames.")
    iou_drop: Figure = Field(description="Baseline IoU less compressed IoU.")


class Metrics(Model):
    """What was measured: the same pictures, the same code, before and after."""

    baseline: ModelFigures = Field(description="The original model.")
    compressed: ModelFigures | None = Field(default=None, description="The compressed model, as saved.")
    runtime: str | None = Field(
        default=None, max_length=64, description="Runtime that latencyMs was measured on."
    )
    variant: str | None = Field(
        default=None,
        max_length=64,
        description="How that runtime ran the compressed model, such as int8; result.json has its settings.",
    )
    processor: str | None = Field(
        default=None, max_length=128, description="CPU or GPU that latencyMs was measured on."
    )
    threads: int | None = Field(default=None, ge=1, le=64, description="Threads of that runtime.")
    miou_drop: Figure | None = Field(default=None, description="Baseline mIoU less compressed mIoU.")
    boundary_iou_drop: Figure | None = Field(
        default=None, description="Baseline boundary IoU less compressed boundary IoU."
    )
    speedup: Figure | None = Field(default=None, description="Baseline latency over compressed latency.")
    worst_class: WorstClass | None = Field(default=None, description="The class that lost the most IoU.")


class Artifact(Model):
    """An object in the bucket, and its digest."""

    uri: ShortText = Field(description="Its address.")
    sha256: Sha256 | None = Field(default=None, description="SHA-256 of its bytes.")
    size_bytes: SizeBytes | None = Field(default=None, description="Its size in bytes.")


class Artifacts(Model):
    """What the run published in the bucket."""

    manifest: Artifact = Field(description="Manifest, which names every file of the run with its SHA-256.")
    model: Artifact | None = Field(
        default=None,
        description="Folder of the compressed model; digest and size of its parameter file.",
    )
    onnx: Artifact | None = Field(default=None, description="The same model as ONNX.")
    openvino: Artifact | None = Field(
        default=None, description="The same model as OpenVINO IR: the .xml file, whose .bin lies beside it."
    )
    mnn: Artifact | None = Field(default=None, description="The same model as an MNN file.")
    report: Artifact | None = Field(
        default=None, description="Report for people: one HTML file that needs no network."
    )


class JobStatus(Model):
    """Observed state of a run."""

    observed_generation: int = Field(
        default=-1, description="metadata.generation that this status describes."
    )
    phase: Phase | None = Field(default=None, description="Summary of the conditions, for people.")
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=16,
        description="Complete, Failed, Suspended, Finished, Accepted, Ready, Reconciling, Stalled.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    start_time: str | None = Field(
        default=None, description="When the run started.", json_schema_extra={"format": "date-time"}
    )
    completion_time: str | None = Field(
        default=None, description="When it ended.", json_schema_extra={"format": "date-time"}
    )
    strategy: str | None = Field(
        default=None,
        max_length=64,
        description="Compression sections of the strategy, such as UnstructurePrune+QuantAware.",
    )
    start: int | None = Field(
        default=None,
        description="Number of the current start, or of the next one while the run is suspended. Each has "
        "a Job of its own.",
    )
    job_name: str | None = Field(
        default=None, max_length=63, description="batch/v1 Job of the last start; it is gone once suspended."
    )
    attempts: Attempts | None = Field(
        default=None, description="Pods of that Job that ended without a result."
    )
    progress: JobProgress | None = Field(
        default=None,
        description="How far the run has come; written at most every 30 seconds. A run that succeeded has "
        "none, and one that failed keeps the last.",
    )
    evaluations: tuple[TrainingEvaluation, ...] | None = Field(
        default=None,
        max_length=EVALUATIONS_LIMIT,
        description="Evaluations during the training, as reported by the pod: the first, the best, the last, "
        "and others spread between them. Those from before the end of a pruning ramp are left out.",
    )
    metrics: Metrics | None = Field(default=None, description="What was measured.")
    artifacts: Artifacts | None = Field(default=None, description="What the run published in the bucket.")

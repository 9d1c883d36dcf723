"""The one meeting point of operator and runner: RunConfig goes in, RunResult and ExitCode come out.

RunConfig travels as an annotation of the pod template, read by the pod through a downward-API file: an
environment value would be expanded by the kubelet (`$(NAME)`) and ends at 128 KiB. RunResult travels as the
pod's termination message, which the kubelet cuts at 4096 bytes. The operator treats it as hostile input.
"""

from enum import IntEnum
from typing import Any

from pydantic import Field, ValidationError

from segcompress_api.base import API_GROUP, Model
from segcompress_api.conditions import Reason
from segcompress_api.job import JobSpec
from segcompress_api.status import Artifacts, Metrics, ShortText

RUN_CONFIG_ANNOTATION = f"{API_GROUP}/run-config"
RUN_CONFIG_PATH = "/etc/segcompress/run-config.json"
"""Where the pod finds its RunConfig (downward-API volume)."""

CA_BUNDLE_PATH = "/etc/segcompress-ca/ca.crt"
"""Where the pod finds the object store's CA bundle, if the Secret has one."""

WORK_DIR = "/work"
"""The pod's scratch space (sized emptyDir); the root file system is read-only."""

WORK_BYTES_VARIABLE = "SEGCOMPRESS_WORK_BYTES"
"""Size limit of the scratch space in bytes; inside the pod the file system shows the node's."""

RUNNER_CONTAINER = "runner"
"""Name of the container in the pod."""

TERMINATION_MESSAGE_PATH = "/dev/termination-log"
TERMINATION_MESSAGE_LIMIT = 4096

SECRET_KEYS = {
    "endpoint": "S3_ENDPOINT",
    "accessKey": "AWS_ACCESS_KEY_ID",
    "secretKey": "AWS_SECRET_ACCESS_KEY",
}
"""Key of the storage Secret -> environment variable of the runner (the CLI reads the same variables)."""

OPTIONAL_SECRET_KEYS = {"region": "AWS_REGION", "sessionToken": "AWS_SESSION_TOKEN"}
POD_UID_VARIABLE = "SEGCOMPRESS_POD_UID"
THREADS_VARIABLE = "SEGCOMPRESS_THREADS"
"""Threads for training and evaluation: the container's CPU limit, rounded up."""

MEMORY_VARIABLE = "SEGCOMPRESS_MEMORY_BYTES"
"""What evaluation and reading ahead share out: the container's memory request in bytes."""

PROGRESS_AUDIENCE = "progress.segcompress.dev"
"""Audience of the token that a pod shows when it reports progress; it grants nothing at the API server."""

PROGRESS_TOKEN_PATH = "/var/run/secrets/segcompress.dev/token"  # noqa: S105 - a path, no secret
"""Where the pod finds that token (projected volume); the kubelet renews it."""


class ExitCode(IntEnum):
    """How the runner ended; the Job's podFailurePolicy and the CLI's users read these."""

    SUCCEEDED = 0
    CRASHED = 1
    INVALID_INPUT = 3
    GATE_MISSED = 4
    PREEMPTED = 5
    STORAGE_UNREACHABLE = 6


class ProgressTarget(Model):
    """Where a pod reports its progress."""

    url: str = Field(description="Address of the operator's Service, https://host:port.")
    ca: str = Field(description="Certificate authority of that server, in PEM; no other is trusted.")


class RunConfig(Model):
    """Everything that a pod needs to know of its run, but for credentials."""

    namespace: str = Field(description="Namespace of the resource; for messages.")
    name: str = Field(description="Name of the resource; for messages.")
    uid: str = Field(description="UID of the resource.")
    start: int = Field(ge=1, description="Number of the start (one child Job each).")
    spec: JobSpec = Field(description="The resource's spec.")
    progress: ProgressTarget | None = Field(
        default=None, description="Where to report progress; None: nowhere."
    )


class RunResult(Model):
    """How a run ended and what it measured; at most 4 KB of JSON."""

    reason: Reason = Field(description="Reason of the resource's final condition.")
    message: ShortText = Field(description="One sentence for people.")
    metrics: Metrics | None = Field(default=None, description="What was measured.")
    artifacts: Artifacts | None = Field(default=None, description="What was published.")
    notes: tuple[ShortText, ...] = Field(
        default=(), max_length=8, description="Settings without effect, and the like."
    )

    def to_termination_message(self) -> str:
        """Return JSON of at most 4096 bytes: where it is longer, notes go, then most of the message.

        Where even that is too long, addresses that the manifest holds as well go too.
        """
        cut: dict[str, Any] = {}
        for update in ({}, {"notes": ()}, {"message": self.message[:200]}, {"artifacts": self._manifest()}):
            cut |= update
            text = self.model_copy(update=cut).model_dump_json(by_alias=True, exclude_none=True)
            if len(text.encode()) <= TERMINATION_MESSAGE_LIMIT:
                return text
        raise ValueError("a RunResult with nothing but figures and the manifest's address is over 4096 bytes")

    def _manifest(self) -> Artifacts | None:
        return None if self.artifacts is None else Artifacts(manifest=self.artifacts.manifest)


def parse_run_result(text: str) -> RunResult | None:
    """Return the RunResult in a termination message, or None without a valid one."""
    try:
        return RunResult.model_validate_json(text)
    except ValidationError:
        return None

"""Submit, follow and compare jobs from Python.

    from segcompress.client import Client, outcome, read_manifest

    client = Client.from_environment()
    job = client.submit(read_manifest("job.yaml"))
    print(outcome(client.wait(job.metadata.name)))

Jobs are the models of `segcompress_api`. The extra `client` installs what this needs: no Paddle, no kopf.
"""

from segcompress.client.comparison import Comparison, compare
from segcompress.client.errors import (
    AlreadyExistsError,
    ClientError,
    ForbiddenError,
    InvalidJobError,
    NotFoundError,
    NotReadyError,
    SettingsError,
    StorageError,
    UnreachableError,
    WaitTimeoutError,
)
from segcompress.client.jobs import Client
from segcompress.client.manifests import read_manifest
from segcompress.client.outcomes import Outcome, outcome, seconds_left
from segcompress.client.sweeping import sweep_over
from segcompress_api.job import SegCompressionJob
from segcompress_api.parameters import Range
from segcompress_api.sweep import SegCompressionSweep

__all__ = [
    "AlreadyExistsError",
    "Client",
    "ClientError",
    "Comparison",
    "ForbiddenError",
    "InvalidJobError",
    "NotFoundError",
    "NotReadyError",
    "Outcome",
    "Range",
    "SegCompressionJob",
    "SegCompressionSweep",
    "SettingsError",
    "StorageError",
    "UnreachableError",
    "WaitTimeoutError",
    "compare",
    "outcome",
    "read_manifest",
    "seconds_left",
    "sweep_over",
]

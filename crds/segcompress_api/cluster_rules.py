"""What a spec must have to run in a cluster, and need not have to run on this machine."""

from collections.abc import Iterator

from segcompress_api.errors import InvalidSpecError
from segcompress_api.job import JobSpec


def cluster_faults(spec: JobSpec) -> Iterator[InvalidSpecError]:
    """Yield what keeps a run in a cluster from its inputs: no credentials, or addresses of this machine."""
    if spec.storage is None:
        yield InvalidSpecError(
            "spec.storage",
            "is required in a cluster and missing",
            "such as {secretRef: {name: object-store}}",
        )
    addresses = {
        **spec.model.addresses,
        "spec.dataset.uri": spec.dataset.uri,
        "spec.strategy.configUri": spec.strategy.config_uri,
        "spec.output.uri": spec.output.uri,
    }
    for field, address in addresses.items():
        if address is not None and not address.startswith("s3://"):
            yield InvalidSpecError(
                field, f"{address} cannot be reached from a cluster", "give s3://bucket/prefix/"
            )

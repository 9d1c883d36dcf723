"""Kinds of the API server, and keys that name one object of them."""

from typing import NamedTuple

from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_api.job import KIND, PLURAL
from segcompress_api.sweep import SWEEP_KIND, SWEEP_PLURAL


class Kind(NamedTuple):
    """A namespaced kind; `group` is "" for the core API."""

    group: str
    version: str
    plural: str
    name: str

    @property
    def api_version(self) -> str:
        """Its apiVersion in a manifest."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def url(self, namespace: str) -> str:
        """Return the path of its collection in a namespace."""
        root = "apis" if self.group else "api"
        return f"/{root}/{self.api_version}/namespaces/{namespace}/{self.plural}"


class Ref(NamedTuple):
    """Names one object; also the key under which it is queued."""

    kind: Kind
    namespace: str
    name: str

    @property
    def url(self) -> str:
        """Its path at the API server."""
        return f"{self.kind.url(self.namespace)}/{self.name}"

    def __str__(self) -> str:
        return f"{self.kind.name} {self.namespace}/{self.name}"


COMPRESSION_JOBS = Kind(API_GROUP, API_VERSION, PLURAL, KIND)
SWEEPS = Kind(API_GROUP, API_VERSION, SWEEP_PLURAL, SWEEP_KIND)
JOBS = Kind("batch", "v1", "jobs", "Job")
PODS = Kind("", "v1", "pods", "Pod")
EVENTS = Kind("", "v1", "events", "Event")
SERVICES = Kind("", "v1", "services", "Service")
LEASES = Kind("coordination.k8s.io", "v1", "leases", "Lease")

_KINDS = (COMPRESSION_JOBS, SWEEPS, JOBS, PODS, EVENTS, LEASES)
_BY_NAME = {(kind.api_version, kind.name): kind for kind in _KINDS}


def kind_of(api_version: str, name: str) -> Kind:
    """Return the kind that a manifest names; raises KeyError for one that the operator never writes."""
    return _BY_NAME[api_version, name]

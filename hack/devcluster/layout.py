"""Where everything lies, and under which addresses it answers.

Pure: paths and addresses are computed, never created. All other modules ask here, so that two of them cannot
disagree about a path.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULES = Path(__file__).parent / "modules"
CONTEXT = "segcompress-dev"
NODE = "segcompress-dev"
BRIDGE = "segc0"
# Inside the sandbox, whose /run and /var are its own. Unix socket paths end at 107 bytes, so sockets cannot
# live in a deep cache.
RUNTIME_DIR = Path("/run/segcompress")
KUBELET_ROOT = Path("/var/lib/kubelet")
DEFAULT_NETWORK = "10.213.0.0/16"


@dataclass(frozen=True)
class Layout:
    """Paths below one cache folder; `minor` names an older Kubernetes for the control planes of tests."""

    cache: Path
    minor: str = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Layout:
        """Take SEGCOMPRESS_CACHE, or the user's cache folder; and SEGCOMPRESS_KUBERNETES, such as 1.35."""
        named, minor = environ.get("SEGCOMPRESS_CACHE"), environ.get("SEGCOMPRESS_KUBERNETES", "")
        if named:
            return cls(Path(named).expanduser().resolve(), minor)
        return cls(Path(environ.get("HOME", "/")) / ".cache" / "segcompress", minor)

    @property
    def bin(self) -> Path:
        """Built binaries."""
        return self.cache / "bin"

    @property
    def kubernetes(self) -> str:
        """The component whose API server and controllers the control planes of tests run."""
        return f"kubernetes-{self.minor}" if self.minor else "kubernetes"

    @property
    def kubernetes_bin(self) -> Path:
        """Where those programs lie."""
        return self.bin / self.kubernetes if self.minor else self.bin

    @property
    def state(self) -> Path:
        """Everything the cluster writes."""
        return self.cache / "cluster"

    @property
    def name(self) -> str:
        """Name of what this cluster makes outside its folder: a network interface and cgroups."""
        return f"segc-{hashlib.sha256(str(self.state).encode()).hexdigest()[:6]}"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.state / "pki"

    @property
    def config(self) -> Path:
        """Configuration files of the components."""
        return self.state / "config"

    @property
    def logs(self) -> Path:
        """One log a component, and the audit log."""
        return self.state / "logs"

    @property
    def processes(self) -> Path:
        """One record a running component."""
        return self.state / "processes"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's way in."""
        return self.state / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """One JSON line a request to the API server."""
        return self.logs / "audit.log"

    @property
    def store_credentials(self) -> Path:
        """The object store's keys, readable by the owner alone."""
        return self.state / "object-store.json"

    @property
    def network(self) -> Path:
        """The network that the cluster's data was made for."""
        return self.state / "network"

    @property
    def images(self) -> Path:
        """Which archives were imported, by image name."""
        return self.state / "images.json"


@dataclass(frozen=True)
class Addresses:
    """The cluster's own network: pods in its first half, services in its second."""

    pods: ipaddress.IPv4Network
    services: ipaddress.IPv4Network

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Addresses:
        """Split SEGCOMPRESS_NETWORK (an IPv4 network of /20 or larger)."""
        text = environ.get("SEGCOMPRESS_NETWORK") or DEFAULT_NETWORK
        try:
            network = ipaddress.IPv4Network(text)
        except ValueError as error:
            raise DevclusterError(
                f"SEGCOMPRESS_NETWORK: {error}; expected a network like {DEFAULT_NETWORK}"
            ) from None
        if network.prefixlen > 20:  # noqa: PLR2004 - the kubelet's 110 pods and some services must fit
            raise DevclusterError(
                f"SEGCOMPRESS_NETWORK: {text} is too small; expected /20 or larger, like {DEFAULT_NETWORK}"
            )
        pods, services = network.subnets(prefixlen_diff=1)
        return cls(pods, services)

    @property
    def network(self) -> str:
        """All of it, as SEGCOMPRESS_NETWORK names it."""
        return str(self.pods.supernet())

    @property
    def node(self) -> str:
        """Where API server and object store answer: the same from the machine and from every pod."""
        return str(self.pods.network_address + 1)

    @property
    def machine(self) -> str:
        """The machine's own address, as the node and the pods see it."""
        return str(self.pods.network_address + 2)

    @property
    def first_pod(self) -> str:
        """Return the first address that a pod may get."""
        return str(self.pods.network_address + 3)

    @property
    def kubernetes_service(self) -> str:
        """ClusterIP of the API server."""
        return str(self.services.network_address + 1)

    @property
    def api_server(self) -> str:
        """URL of the API server."""
        return f"https://{self.node}:6443"

    @property
    def object_store(self) -> str:
        """URL of the object store."""
        return f"http://{self.node}:9000"

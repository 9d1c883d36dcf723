"""Command lines of the control plane: etcd, API server, controller manager, scheduler.

Pure: from paths, certificates and addresses to `Program`s. The whole cluster and the bare control plane of
the integration tests are made from the same functions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster.certs import KeyPair, kubeconfig
from devcluster.ports import LOOPBACK
from devcluster.probes import HttpProbe, Trust
from devcluster.processes import Program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ISSUER = "https://kubernetes.default.svc.cluster.local"
# Every request once, when it is answered; no bodies, so that no Secret's content can reach the file.
AUDIT_POLICY = json.dumps(
    {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    }
)


@dataclass(frozen=True)
class Identities:
    """Certificates of the control plane."""

    authority: Path
    fingerprint: str
    server: KeyPair
    etcd: KeyPair
    admin: KeyPair
    kubelet_client: KeyPair
    tokens: KeyPair

    @property
    def admin_trust(self) -> Trust:
        """How the administrator talks to the API server."""
        return Trust(self.authority, self.admin)


@dataclass(frozen=True)
class Ports:
    """Ports of the control plane; all but the API server's listen on the loopback address alone."""

    api: int = 6443
    etcd: int = 23790
    etcd_peer: int = 23800
    controller_manager: int = 23257
    scheduler: int = 23259


@dataclass(frozen=True)
class Plane:
    """Everything that the programs of one control plane have in common."""

    bin: Path
    folder: Path
    logs: Path
    identities: Identities
    host: str = LOOPBACK
    services: str = "10.0.0.0/24"
    ports: Ports = Ports()
    kubernetes: Path | None = None
    """Where Kubernetes' programs lie, if not in `bin`."""

    def kubernetes_program(self, name: str) -> str:
        """Return the path of one of Kubernetes' programs."""
        return str((self.kubernetes or self.bin) / name)

    @property
    def url(self) -> str:
        """Where the API server answers."""
        return f"https://{self.host}:{self.ports.api}"

    @property
    def etcd_url(self) -> str:
        """Where etcd answers."""
        return f"https://{LOOPBACK}:{self.ports.etcd}"

    @property
    def audit_log(self) -> Path:
        """The API server's record of requests."""
        return self.logs / "audit.log"


def etcd(plane: Plane) -> Program:
    """Return etcd: one member, TLS for clients and peers, no fsync (a lost machine loses a test cluster)."""
    own = plane.identities.etcd
    client = plane.etcd_url
    peer = f"https://{LOOPBACK}:{plane.ports.etcd_peer}"
    authority = plane.identities.authority
    return Program(
        name="etcd",
        argv=(
            str(plane.bin / "etcd"),
            "--name=devcluster",
            f"--data-dir={plane.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=devcluster={peer}",
            *_tls_flags("", own, authority),
            *_tls_flags("peer-", own, authority),
            "--unsafe-no-fsync",
            "--auto-compaction-retention=1h",
            "--quota-backend-bytes=4294967296",
            "--log-level=warn",
        ),
        probe=HttpProbe(f"{client}/health", Trust(authority, own)),
        inputs=(plane.identities.fingerprint,),
    )


def _tls_flags(prefix: str, pair: KeyPair, authority: Path) -> tuple[str, ...]:
    return (
        f"--{prefix}cert-file={pair.certificate}",
        f"--{prefix}key-file={pair.key}",
        f"--{prefix}trusted-ca-file={authority}",
        f"--{prefix}client-cert-auth",
    )


def api_server(plane: Plane, extra: Sequence[str] = ()) -> Program:
    """Return the API server with RBAC and an audit log; `extra` flags come last and win."""
    own = plane.identities
    policy = plane.folder / "config" / "audit-policy.json"
    return Program(
        name="kube-apiserver",
        argv=(
            plane.kubernetes_program("kube-apiserver"),
            f"--bind-address={plane.host}",
            f"--advertise-address={plane.host}",
            f"--secure-port={plane.ports.api}",
            f"--service-cluster-ip-range={plane.services}",
            f"--etcd-servers={plane.etcd_url}",
            f"--etcd-cafile={own.authority}",
            f"--etcd-certfile={own.etcd.certificate}",
            f"--etcd-keyfile={own.etcd.key}",
            f"--client-ca-file={own.authority}",
            f"--tls-cert-file={own.server.certificate}",
            f"--tls-private-key-file={own.server.key}",
            f"--kubelet-certificate-authority={own.authority}",
            f"--kubelet-client-certificate={own.kubelet_client.certificate}",
            f"--kubelet-client-key={own.kubelet_client.key}",
            "--kubelet-preferred-address-types=InternalIP",  # a node's name resolves nowhere
            f"--service-account-issuer={ISSUER}",
            f"--service-account-key-file={own.tokens.certificate}",
            f"--service-account-signing-key-file={own.tokens.key}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={plane.audit_log}",
            "--audit-log-maxsize=200",
            "--audit-log-maxbackup=2",
            "--shutdown-delay-duration=0s",
            *extra,
        ),
        probe=HttpProbe(f"{plane.url}/readyz", own.admin_trust),
        files={policy: AUDIT_POLICY},
        inputs=(own.fingerprint,),
    )


def controller_manager(plane: Plane, identity: KeyPair, extra: Sequence[str] = ()) -> Program:
    """Return the controller manager; `extra` may name the controllers to run."""
    own = plane.identities
    config = plane.folder / "config" / "controller-manager.kubeconfig"
    return Program(
        name="kube-controller-manager",
        argv=(
            plane.kubernetes_program("kube-controller-manager"),
            *_loopback_serving(plane, config, plane.ports.controller_manager),
            f"--root-ca-file={own.authority}",
            f"--service-account-private-key-file={own.tokens.key}",
            "--use-service-account-credentials",
            *extra,
        ),
        probe=HttpProbe(f"https://{LOOPBACK}:{plane.ports.controller_manager}/healthz", own.admin_trust),
        files={config: kubeconfig(plane.url, own.authority, identity)},
        inputs=(own.fingerprint,),
    )


def scheduler(plane: Plane, identity: KeyPair) -> Program:
    """Return the scheduler."""
    own = plane.identities
    config = plane.folder / "config" / "scheduler.kubeconfig"
    return Program(
        name="kube-scheduler",
        argv=(
            plane.kubernetes_program("kube-scheduler"),
            *_loopback_serving(plane, config, plane.ports.scheduler),
        ),
        probe=HttpProbe(f"https://{LOOPBACK}:{plane.ports.scheduler}/healthz", own.admin_trust),
        files={config: kubeconfig(plane.url, own.authority, identity)},
        inputs=(own.fingerprint,),
    )


def _loopback_serving(plane: Plane, config: Path, port: int) -> tuple[str, ...]:
    own = plane.identities.server
    return (
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={port}",
        f"--tls-cert-file={own.certificate}",
        f"--tls-private-key-file={own.key}",
        "--leader-elect=false",
    )

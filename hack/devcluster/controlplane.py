"""A bare control plane of one's own: etcd and kube-apiserver, for integration tests and benchmarks.

    with ControlPlane(tmp_path) as plane:
        run(["kubectl", "--kubeconfig", plane.kubeconfig, "get", "namespaces"])

Needs neither root nor containers. Ports and state are its own, so that several run at once and beside the
cluster. It dies with the thread that started it (for pytest: with the test run). No controllers run unless
named; without "serviceaccount-controller" nothing makes the `default` service account, so that admission
plugin is off.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from devcluster import build
from devcluster.certs import kubeconfig, write_private
from devcluster.controlprograms import Plane, Ports, api_server, controller_manager, etcd
from devcluster.errors import DevclusterError
from devcluster.identities import issue_client, issue_identities
from devcluster.layout import Layout
from devcluster.ports import LOOPBACK, free_ports
from devcluster.probes import Trust
from devcluster.processes import Program, Supervisor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

TRIES = 5
_ACCOUNTS = "serviceaccount-controller"
_WITHOUT_ACCOUNTS = ("--disable-admission-plugins=ServiceAccount",)


class ControlPlane:
    """etcd and API server below `directory`; use as a context manager, or call start() and stop().

    `port` 0 takes free ports. `controllers` (for example "job", "garbagecollector", "namespace") starts a
    controller manager with just those. `extra_flags` go to the API server, and so does `environment`, to
    be changed before the start. `tied=False` lets it outlive the process that started it.
    """

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        controllers: Sequence[str] = (),
        extra_flags: Sequence[str] = (),
        tied: bool = True,
    ) -> None:
        self.directory = Path(directory).resolve()
        self.kubeconfig = self.directory / "kubeconfig"
        self.audit_log = self.directory / "logs" / "audit.log"
        self.url = ""
        self.etcd_url = ""
        self.environment: dict[str, str] = {}
        self.etcd_trust: Trust | None = None
        self._port = port
        self._controllers = tuple(controllers)
        has_accounts = _ACCOUNTS in self._controllers
        self._flags = (*(() if has_accounts else _WITHOUT_ACCOUNTS), *extra_flags)
        self._supervisor = Supervisor(self.directory / "processes", self.directory / "logs", tied=tied)
        self._programs: tuple[Program, ...] = ()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and return when the API server is ready; missing programs are built first."""
        layout = Layout.from_environment(os.environ)
        build.ensure(layout, ("etcd", layout.kubernetes))
        if self._programs:
            self._start_programs()
            return
        for attempt in range(TRIES):
            self._plan(layout)
            try:
                self._start_programs()
            except DevclusterError as error:
                self.stop()
                # Somebody took a port between our look and our start: look again.
                if "address already in use" not in str(error) or attempt == TRIES - 1:
                    raise
            else:
                return

    def stop(self) -> None:
        """Stop all, in reverse order; state stays in the directory."""
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            self._supervisor.stop(name)

    def stop_api_server(self) -> None:
        """Make an outage: the API server ends, etcd keeps what was stored."""
        self._supervisor.stop("kube-apiserver")

    def start_api_server(self) -> None:
        """End the outage, at the same address."""
        self._start_programs()

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """Return a kubeconfig of a user who has no rights but those bound to the name or the groups.

        A service account is named as `system:serviceaccount:<namespace>:<name>`.
        """
        pki = self.directory / "pki"
        pair = issue_client(pki, user, groups)
        path = pair.certificate.with_suffix(".kubeconfig")
        write_private(path, kubeconfig(self.url, pki / "ca.crt", pair))
        return path

    def _start_programs(self) -> None:
        for program in self._programs:
            self._supervisor.start(program)
            self._supervisor.await_ready([program])

    def _plan(self, layout: Layout) -> None:
        identities = issue_identities(self.directory / "pki", (LOOPBACK, "10.0.0.1"))
        api, *others = free_ports(5)
        plane = Plane(
            layout.bin,
            self.directory,
            self.directory / "logs",
            identities,
            ports=Ports(self._port or api, *others),
            kubernetes=layout.kubernetes_bin,
        )
        self.url = plane.url
        self.etcd_url = plane.etcd_url
        self.etcd_trust = Trust(identities.authority, identities.etcd)
        write_private(self.kubeconfig, kubeconfig(plane.url, identities.authority, identities.admin))
        self._programs = (etcd(plane), replace(api_server(plane, self._flags), environment=self.environment))
        if self._controllers:
            named = (f"--controllers={','.join(self._controllers)}",)
            self._programs += (controller_manager(plane, identities.admin, named),)

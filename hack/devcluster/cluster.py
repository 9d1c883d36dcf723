"""Bring the whole cluster up, in the order in which its parts need one another, and tell what runs."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster import (
    build,
    cgroups,
    controlprograms,
    earlier,
    images,
    nodeprograms,
    packages,
    preflight,
    teardown,
)
from devcluster.certs import KeyPair, kubeconfig, write_private
from devcluster.controlprograms import Plane
from devcluster.errors import DevclusterError
from devcluster.identities import issue_client, issue_identities, issue_server
from devcluster.layout import NODE, Addresses, Layout
from devcluster.node import Node, not_ready_reason
from devcluster.probes import Trust
from devcluster.processes import Program, Supervisor
from devcluster.progress import Progress, clock_text, say
from devcluster.sandbox import Sandbox, enter, seen_through
from devcluster.storeprogram import StoreKeys, load_or_draw_keys, minio
from devcluster.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Clients:
    """Certificates of the programs that talk to the API server."""

    controller_manager: KeyPair
    scheduler: KeyPair
    kubelet: KeyPair
    kubelet_server: KeyPair
    proxy: KeyPair


class Cluster:
    """The one cluster of a cache folder."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.layout = Layout.from_environment(environ)
        self.addresses = Addresses.from_environment(environ)
        home = cgroups.node(self.layout.name)
        self.supervisor = Supervisor(self.layout.processes, self.layout.logs, cgroup=home)
        self.sandbox = Sandbox(self.layout, self.addresses, self.supervisor)

    def check_machine(self) -> None:
        """Raise with every reason why the cluster cannot run here."""
        built = not build.missing(self.layout, TARGETS)
        facts = preflight.observe(self.layout, self.addresses, programs_built=built)
        if found := preflight.problems(facts):
            raise DevclusterError(
                "this machine cannot run the cluster:\n" + "\n".join(f"  - {line}" for line in found)
            )

    def up(self) -> None:
        """Start what does not run, restart what changed, return when pods can be scheduled. Needs root."""
        started = time.monotonic()
        with self._locked():
            earlier.end_cluster(self.layout, self.supervisor)
            self.check_machine()
            packages.install_missing()
            build.ensure(self.layout)
            self.layout.network.write_text(self.addresses.network)
            plane, clients = self._issue()
            keys = load_or_draw_keys(self.layout.store_credentials)
            write_private(
                self.layout.kubeconfig,
                kubeconfig(plane.url, plane.identities.authority, plane.identities.admin),
            )
            self._give_to_caller(plane)
            self._start(plane, clients, keys)
            node = Node(plane.url, plane.identities.admin_trust)
            kubelet = self.supervisor.find("kubelet")
            node.await_ready(kubelet.since if kubelet else time.time())
            node.advertise_gpu()
        say(f"cluster is up after {clock_text(time.monotonic() - started)}")
        say(f"  API server {plane.url}, object store {self.addresses.object_store}")

    def down(self, *, purge_state: bool) -> bool:
        """Stop everything and give the machine back; say whether nothing is left. Needs root."""
        started = time.monotonic()
        with self._locked():
            earlier.end_cluster(self.layout, self.supervisor)
            teardown.stop_everything(self.layout, self.supervisor)
            clean = teardown.report(teardown.leftovers(self.layout, self.supervisor))
            if purge_state and clean:
                teardown.delete_state(self.layout.state)
        outcome = "nothing is left" if clean else "something is left, see above"
        say(f"cluster is down after {clock_text(time.monotonic() - started)}: {outcome}")
        return clean

    def status(self) -> dict[str, object]:
        """Return what runs, for people and programs."""
        return {
            "components": [self._component(name) for name in reversed(teardown.STOP_ORDER)],
            "node": {"name": NODE, **self._node_status()},
            "kubeconfig": str(self.layout.kubeconfig),
            "apiServer": self.addresses.api_server,
            "objectStore": self.addresses.object_store,
            "auditLog": str(self.layout.audit_log),
        }

    def environment(self) -> dict[str, str]:
        """Return the variables under which clients find the cluster and the store."""
        if not self.layout.store_credentials.exists():
            raise DevclusterError("no cluster has been started; run `python3 -m devcluster up`")
        keys = load_or_draw_keys(self.layout.store_credentials)
        return {
            "KUBECONFIG": str(self.layout.kubeconfig),
            "S3_ENDPOINT": self.addresses.object_store,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "PATH": f"{self.layout.bin}:{os.environ.get('PATH', '')}",
        }

    def _give_to_caller(self, plane: Plane) -> None:
        layout, admin = self.layout, plane.identities.admin
        layout.logs.mkdir(exist_ok=True)
        layout.audit_log.touch(mode=0o600)
        own = (layout.kubeconfig, layout.store_credentials, layout.audit_log, admin.certificate, admin.key)
        give_to_caller(own)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.layout.state.mkdir(parents=True, exist_ok=True)
        with build.exclusive(self.layout.state / ".lock", "another `up` or `down`"):
            yield

    def containerd_socket(self) -> Path:
        """Return where the machine finds the running cluster's containerd."""
        holder = self.sandbox.find()
        if holder is None:
            raise DevclusterError("the cluster is not running; start it with `python3 -m devcluster up`")
        return seen_through(holder, nodeprograms.CONTAINERD_SOCKET)

    def _issue(self) -> tuple[Plane, Clients]:
        layout, host = self.layout, self.addresses.node
        identities = issue_identities(layout.pki, (host, self.addresses.kubernetes_service))
        plane = Plane(layout.bin, layout.state, layout.logs, identities, host, str(self.addresses.services))
        clients = Clients(
            controller_manager=issue_client(layout.pki, "system:kube-controller-manager"),
            scheduler=issue_client(layout.pki, "system:kube-scheduler"),
            kubelet=issue_client(layout.pki, f"system:node:{NODE}", ["system:nodes"]),
            kubelet_server=issue_server(layout.pki, "kubelet", (host, NODE)),
            proxy=issue_client(layout.pki, "system:kube-proxy"),
        )
        return plane, clients

    def _start(self, plane: Plane, clients: Clients, keys: StoreKeys) -> None:
        if not self.sandbox.is_current():
            teardown.stop_everything(self.layout, self.supervisor)
            cgroups.make(self.layout.name)
            self.sandbox.start()
        holder = self.sandbox.find()
        if holder is None:
            raise DevclusterError("the cluster's namespaces are incomplete; run `python3 -m devcluster down`")
        enter(holder)
        layout, pods = self.layout, str(self.addresses.pods)
        store = self.addresses.object_store.removeprefix("http://")
        self._start_together(
            controlprograms.etcd(plane),
            minio(layout.bin, layout.state / "minio", store, keys),
            nodeprograms.containerd(layout, self.addresses, packages.tools()),
        )
        self._start_together(controlprograms.api_server(plane))
        images.load_pause(layout, nodeprograms.CONTAINERD_SOCKET)
        self._start_together(
            controlprograms.controller_manager(plane, clients.controller_manager),
            controlprograms.scheduler(plane, clients.scheduler),
            nodeprograms.kubelet(layout, plane, clients.kubelet, clients.kubelet_server),
            nodeprograms.kube_proxy(layout, plane, clients.proxy, pods),
        )

    def _start_together(self, *programs: Program) -> None:
        started = [program for program in programs if self.supervisor.start(program)]
        names = ", ".join(program.name for program in started)
        if not started:
            self.supervisor.await_ready(programs)
            return
        with Progress(f"start {names}"):
            self.supervisor.await_ready(programs)

    def _component(self, name: str) -> dict[str, object]:
        running = self.supervisor.find(name)
        return {
            "name": name,
            "pid": running.pid if running else None,
            "since": running.since if running else None,
        }

    def _node_status(self) -> dict[str, object]:
        pki = self.layout.pki
        trust = Trust(pki / "ca.crt", KeyPair(pki / "admin.crt", pki / "admin.key"))
        reason = not_ready_reason(Node(self.addresses.api_server, trust).read())
        return {"ready": not reason, "reason": reason}


def give_to_caller(paths: tuple[Path, ...]) -> None:
    """Let the user who called sudo read what is meant for him; others still cannot."""
    user, group = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if user and group:
        for path in paths:
            os.chown(path, int(user), int(group))

"""Which certificates a control plane and its clients carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devcluster.certs import Authority, KeyPair, Leaf, make_signing_keys
from devcluster.controlprograms import Identities
from devcluster.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ADMINISTRATORS = "system:masters"
SERVICE_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")


def issue_identities(folder: Path, addresses: Sequence[str]) -> Identities:
    """Make or renew what the control plane needs; the API server answers under `addresses`."""
    authority = Authority(folder)
    authority.create()
    served = tuple(dict.fromkeys((*addresses, LOOPBACK)))
    return Identities(
        authority=authority.certificate,
        fingerprint=authority.fingerprint,
        server=authority.issue(Leaf("kube-apiserver", "kube-apiserver", addresses=(*SERVICE_NAMES, *served))),
        etcd=authority.issue(Leaf("etcd", "etcd", addresses=(LOOPBACK, "localhost"))),
        admin=authority.issue(Leaf("admin", "segcompress-dev-admin", (ADMINISTRATORS,))),
        kubelet_client=authority.issue(
            Leaf("kubelet-client", "kube-apiserver-kubelet-client", (ADMINISTRATORS,))
        ),
        tokens=make_signing_keys(folder),
    )


def issue_client(folder: Path, user: str, groups: Sequence[str] = ()) -> KeyPair:
    """Return a client certificate of `user`, signed by the authority in `folder`."""
    name = "client-" + "".join(letter if letter.isalnum() else "-" for letter in user)
    return Authority(folder).issue(Leaf(name, user, tuple(groups)))


def issue_server(folder: Path, name: str, addresses: Sequence[str]) -> KeyPair:
    """Return a serving certificate for `addresses`, signed by the authority in `folder`."""
    return Authority(folder).issue(Leaf(f"{name}-server", name, addresses=tuple(addresses)))

"""What is built from which pinned module, and how: data, and the digest that names one exact build.

Pure but for reading the module files. Versions live in modules/*/go.mod alone; flags live here.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster.errors import DevclusterError
from devcluster.layout import MODULES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_KUBERNETES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)
_CONTAINERD = "github.com/containerd/containerd/v2"
_HELM = "helm.sh/helm/v3"


@dataclass(frozen=True)
class Target:
    """One Go module of ours and the programs that it yields.

    `programs` maps a binary's name to its import path; `variables` are set by the linker, where `{version}`
    stands for the version of `module` that go.mod pins.
    """

    name: str
    programs: tuple[tuple[str, str], ...]
    module: str = ""
    tags: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> Path:
        """Where its go.mod lies."""
        return MODULES / self.name


_VERSION = (
    ("k8s.io/component-base/version.gitVersion", "{version}"),
    ("k8s.io/component-base/version.gitMajor", "{major}"),
    ("k8s.io/component-base/version.gitMinor", "{minor}"),
    ("k8s.io/component-base/version.gitTreeState", "archive"),
    ("k8s.io/client-go/pkg/version.gitVersion", "{version}"),
)


def _earlier(minor: str) -> Target:
    """Return the control plane of an older Kubernetes; its programs lie in a folder of their own."""
    name = f"kubernetes-{minor}"
    programs = ("kube-apiserver", "kube-controller-manager")
    paths = tuple((f"{name}/{program}", f"k8s.io/kubernetes/cmd/{program}") for program in programs)
    return Target(name, paths, module="k8s.io/kubernetes", variables=_VERSION)


# What the cluster is made of, in the order of need: the first two suffice for a bare API server.
TARGETS = (
    Target("etcd", (("etcd", "go.etcd.io/etcd/server/v3"),)),
    Target(
        "kubernetes",
        tuple((name, f"k8s.io/kubernetes/cmd/{name}") for name in _KUBERNETES),
        module="k8s.io/kubernetes",
        variables=_VERSION,
    ),
    Target("minio", (("minio", "github.com/minio/minio"),)),
    Target(
        "containerd",
        tuple(
            (name, f"{_CONTAINERD}/cmd/{name}") for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        ),
        module=_CONTAINERD,
        tags=("no_btrfs", "no_zfs", "no_devmapper", "no_aufs"),
        variables=((f"{_CONTAINERD}/version.Version", "{version}"),),
    ),
    Target("pause", (("pause", "segcompress.dev/devcluster/pause"),)),
    Target(
        "helm",
        (("helm", f"{_HELM}/cmd/helm"),),
        module=_HELM,
        variables=((f"{_HELM}/internal/version.version", "{version}"),),
    ),
)


# Built only where they are named.
EXTRAS = (
    Target("registry", (("registry", "segcompress.dev/devcluster/registry"),)),
    Target("states", (("states", "segcompress.dev/devcluster/states"),)),
    Target("jobset", (("jobset", "sigs.k8s.io/jobset"),)),
    *(_earlier(minor) for minor in ("1.35", "1.34")),
)


def select(names: Iterable[str]) -> tuple[Target, ...]:
    """Return the named targets in the order of need; those of the cluster where none is named."""
    wanted = set(names)
    known = {target.name: target for target in (*TARGETS, *EXTRAS)}
    if unknown := sorted(wanted - set(known)):
        raise DevclusterError(f"build: no component is called {unknown[0]}; there are {', '.join(known)}")
    return tuple(known[name] for name in known if name in wanted) if wanted else TARGETS


def pinned_version(go_mod: str, module: str) -> str:
    """Return the version of `module` that a go.mod requires, such as v1.36.3."""
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(module)}\s+(v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise DevclusterError(f"go.mod does not require {module}; expected a line `{module} vX.Y.Z`")
    return found.group(1)


def linker_flags(target: Target, go_mod: str) -> str:
    """Return the value of -ldflags: no symbol tables, and the version that the program will report."""
    if not target.variables:
        return "-s -w"
    version = pinned_version(go_mod, target.module)
    major, minor = version.removeprefix("v").split(".")[:2]
    settings = (
        f"-X {name}={value.format(version=version, major=major, minor=minor)}"
        for name, value in target.variables
    )
    return " ".join(("-s -w", *settings))


def build_flags(target: Target, go_mod: str) -> tuple[str, ...]:
    """Return the flags of `go build` that decide what comes out."""
    tags = (f"-tags={','.join(target.tags)}",) if target.tags else ()
    return (
        "-mod=readonly",
        "-trimpath",
        "-buildvcs=false",
        *tags,
        f"-ldflags={linker_flags(target, go_mod)}",
    )


def digest(target: Target) -> str:
    """Name one exact build: sha256 over module files, our own sources, flags and program names."""
    files = sorted(
        path for path in target.folder.iterdir() if path.name in ("go.mod", "go.sum") or path.suffix == ".go"
    )
    flags = build_flags(target, (target.folder / "go.mod").read_text())
    identity = json.dumps([target.name, target.programs, flags, [path.name for path in files]])
    total = hashlib.sha256(identity.encode())
    for path in files:
        total.update(path.read_bytes())
    return total.hexdigest()

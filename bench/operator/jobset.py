"""JobSet's manager, written in Go, which makes Jobs of resources as the operator does."""

import subprocess
from pathlib import Path

import yaml
from bench.operator.subjects import Subject

from devcluster.build import ensure
from devcluster.certs import Authority, Leaf
from devcluster.layout import MODULES, Layout
from devcluster.ports import LOOPBACK, free_ports
from integration.operator.api import Api

MODULE = "sigs.k8s.io/jobset"
_CRD = "config/components/crd/bases/jobset.x-k8s.io_jobsets.yaml"
_REQUESTS_PER_SECOND = 10_000
"""Its client would otherwise wait after 500."""


def jobset(layout: Layout, folder: Path) -> Subject:
    """Return the manager, built where it is missing; its settings and certificate lie in `folder`."""
    ensure(layout, ["jobset"])
    folder.mkdir(parents=True)
    _issue_certificate(folder)
    settings = folder / "settings.yaml"
    settings.write_text(yaml.safe_dump(_settings(folder)))
    command = (str(layout.bin / "jobset"), f"--config={settings}", "--kubeconfig={kubeconfig}")
    return Subject("JobSet", (*command, "--zap-log-level=error"), {}, kind="JobSet")


def install_crd(admin: Api) -> None:
    """Install the CRD of the module's version."""
    found = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", MODULE],
        cwd=MODULES / "jobset",
        check=True,
        capture_output=True,
        text=True,
    )
    crd = yaml.safe_load((Path(found.stdout.strip()) / _CRD).read_text())
    admin.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)


def _settings(folder: Path) -> dict[str, object]:
    """Its webhooks listen, and nobody calls them: what they would fill in stands in each JobSet."""
    (port,) = free_ports(1)
    return {
        "apiVersion": "config.jobset.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "webhook": {"host": LOOPBACK, "port": port, "certDir": str(folder)},
        "internalCertManagement": {"enable": False},
        "leaderElection": {"leaderElect": False},
        "metrics": {"bindAddress": "0"},
        "health": {"healthProbeBindAddress": "0"},
        "clientConnection": {"qps": _REQUESTS_PER_SECOND, "burst": _REQUESTS_PER_SECOND},
    }


def _issue_certificate(folder: Path) -> None:
    authority = Authority(folder)
    authority.create()
    authority.issue(Leaf("tls", "jobset", addresses=(LOOPBACK,)))  # tls.crt and tls.key, as it wants them

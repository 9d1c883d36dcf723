"""An image registry on one address of the machine, without TLS and without a login: for tests.

    with Registry(tmp_path, "10.213.0.2:5000"):
        ...  # push to 10.213.0.2:5000/team/name:tag; the cluster's node pulls from there

Needs no root; dies with the thread that started it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Self

from devcluster import build
from devcluster.layout import Layout
from devcluster.nodeprograms import REGISTRY_PORT
from devcluster.probes import HttpProbe
from devcluster.processes import Program, Supervisor

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from devcluster.layout import Addresses


def address_on(addresses: Addresses) -> str:
    """Return where the node of the local cluster pulls from: the machine's own address in its network."""
    return f"{addresses.machine}:{REGISTRY_PORT}"


def registry(programs: Path, folder: Path, address: str) -> Program:
    """Return the registry with its images below `folder`; `address` is host:port."""
    config = folder / "config.yml"
    settings = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": address},
    }
    return Program(
        name="registry",
        argv=(str(programs / "registry"), "serve", str(config)),
        probe=HttpProbe(f"http://{address}/v2/"),
        files={config: json.dumps(settings)},  # JSON is YAML
        environment={"OTEL_TRACES_EXPORTER": "none"},
    )


class Registry:
    """The CNCF registry; what was pushed lies below `folder`."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self._folder = folder
        self._supervisor = Supervisor(folder / "processes", folder / "logs", tied=True)

    def __enter__(self) -> Self:
        layout = Layout.from_environment(os.environ)
        build.ensure(layout, ["registry"])
        program = registry(layout.bin, self._folder, self.address)
        self._supervisor.start(program)
        self._supervisor.await_ready([program])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._supervisor.stop("registry")

"""An object store of one's own (MinIO on the loopback address), for integration tests.

    with ObjectStore(tmp_path) as store:
        Minio(store.address, store.access_key, store.secret_key, secure=False)

Needs neither root nor containers; dies with the thread that started it (for pytest: with the test run).
stop() and start() make an outage at the same address, with data and keys kept.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from devcluster import build
from devcluster.errors import DevclusterError
from devcluster.layout import Layout
from devcluster.ports import LOOPBACK, free_ports
from devcluster.processes import Program, Supervisor
from devcluster.storeprogram import load_or_draw_keys, minio

if TYPE_CHECKING:
    from types import TracebackType

TRIES = 5


class ObjectStore:
    """MinIO below `directory`; `port` 0 takes a free one. The address is known once it has started."""

    def __init__(self, directory: Path, port: int = 0, *, tied: bool = True) -> None:
        self.directory = Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        keys = load_or_draw_keys(self.directory / "keys.json")
        self.access_key = keys.access_key
        self.secret_key = keys.secret_key
        self.address = ""
        self._keys = keys
        self._port = port
        self._program: Program | None = None
        self._supervisor = Supervisor(self.directory / "processes", self.directory / "logs", tied=tied)

    @property
    def endpoint(self) -> str:
        """URL of the store, such as http://127.0.0.1:41234."""
        return f"http://{self.address}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, at the same address as before where there was one, and return when it is ready."""
        layout = Layout.from_environment(os.environ)
        build.ensure(layout, ["minio"])
        if self._program is not None:
            self._run(self._program)
            return
        for attempt in range(TRIES):
            self.address = f"{LOOPBACK}:{self._port or free_ports(1)[0]}"
            program = minio(layout.bin, self.directory / "data", self.address, self._keys)
            try:
                self._run(program)
            except DevclusterError as error:
                if "already in use" not in str(error) or attempt == TRIES - 1:
                    raise
            else:
                self._program = program
                return

    def stop(self) -> None:
        """Stop; data stay in the directory."""
        self._supervisor.stop("minio")

    def restart(self) -> None:
        """Stop and start at the same address."""
        self.stop()
        self.start()

    def _run(self, program: Program) -> None:
        self._supervisor.start(program)
        self._supervisor.await_ready([program])

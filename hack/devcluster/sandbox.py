"""The namespaces in which the whole cluster lives, so that the machine keeps what it has.

One process holds a mount and a network namespace. /run, /var and /tmp are empty there and go with it, the
root file system is read-only, and kernel settings that have no namespace are copies. Whatever Kubernetes
writes, mounts or sets, and every packet rule, ends there.
"""

from __future__ import annotations

import ctypes
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import network
from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.layout import KUBELET_ROOT, RUNTIME_DIR, Addresses, Layout
from devcluster.packages import find_program, tools
from devcluster.processes import Program, Running, Supervisor

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "sandbox"
HIDDEN = {"/run": "755", "/var": "755", "/tmp": "1777"}  # noqa: S108 - what is kept waits in the first
# The kubelet sets these whatever its settings, and they belong to the machine as a whole.
KERNEL_SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
NAMESPACES = {"net": 0x40000000, "mnt": 0x00020000}  # CLONE_NEWNET, CLONE_NEWNS


def mount_commands(written: Path, read: Sequence[Path]) -> str:
    """Return the shell script that makes the file system: `written` stays the machine's, `read` visible."""
    kept = tuple(dict.fromkeys((written, *read)))
    waiting = {path: f"/run/kept/{number}" for number, path in enumerate(kept)}
    first, *others = (_empty(folder, mode) for folder, mode in HIDDEN.items())
    lines = ["set -eu", first]
    for path, place in waiting.items():
        lines += [f"mkdir -p {place}", f"mount --rbind {_quoted(path)} {place}"]
    lines += others
    for path, place in waiting.items():
        lines += [f"mkdir -p {_quoted(path)}", f"mount --move {place} {_quoted(path)}"]
    lines += [f"mount -o remount,bind,ro {_quoted(path)}" for path in kept if path != written]
    kubelet = _quoted(written / "kubelet")
    lines += [f"mkdir -p {kubelet} {KUBELET_ROOT}", f"mount --bind {kubelet} {KUBELET_ROOT}"]
    lines += [_copied(Path("/proc/sys") / name) for name in KERNEL_SETTINGS]
    return "\n".join((*lines, "mount -o remount,bind,ro /", f"mkdir {RUNTIME_DIR}", ""))


def _empty(folder: str, mode: str) -> str:
    return f"mount -t tmpfs -o mode={mode} segcompress {folder}"


def _copied(setting: Path) -> str:
    copy = f"/run/kept/{setting.name}"
    return f"if [ -e {setting} ]; then cat {setting} >{copy}; mount --bind {copy} {setting}; fi"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


@dataclass(frozen=True)
class Sandbox:
    """The namespaces of one cluster."""

    layout: Layout
    addresses: Addresses
    supervisor: Supervisor

    def find(self) -> Running | None:
        """Return the process that holds the namespaces, where they are complete."""
        holder = self.supervisor.find(NAME)
        return holder if holder and seen_through(holder, RUNTIME_DIR).is_dir() else None

    def is_current(self) -> bool:
        """Say whether the namespaces are there, made as they would be made now."""
        holder = self.find()
        return holder is not None and holder.digest == self._program().digest()

    def start(self) -> None:
        """Make the namespaces; nothing of an earlier cluster may run."""
        program = self._program()
        self.supervisor.start(program)
        self.supervisor.await_ready([program])
        holder = self.supervisor.find(NAME)
        if holder is None:
            raise DevclusterError(f"the cluster's namespaces ended: {self.supervisor.log_tail(NAME)}")
        network.connect(self.layout.name, holder.pid, self.addresses)
        run(("nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "sh"), fed=self._mounts())

    def _program(self) -> Program:
        unshare, sleep = find_program("unshare"), find_program("sleep")
        argv = (str(unshare), "--mount", "--net", "--propagation", "slave", str(sleep), "infinity")
        return Program(NAME, argv, self, inputs=(network.inside_commands(self.addresses), self._mounts()))

    def answers(self) -> bool:
        """Say whether the holder has its namespaces: `unshare` has become what it was to run."""
        holder = self.supervisor.find(NAME)
        return holder is not None and Path(f"/proc/{holder.pid}/comm").read_text() == "sleep\n"

    def _mounts(self) -> str:
        return mount_commands(self.layout.state, (self.layout.bin, tools().cni))


def seen_through(holder: Running, path: Path) -> Path:
    """Return where the machine finds a path of the namespaces that `holder` is in."""
    return Path(f"/proc/{holder.pid}/root{path}")


def enter(holder: Running) -> None:
    """Move this process, and what it starts from now on, into the namespaces that `holder` is in.

    No other thread may run. This cannot be undone. A thread that has just ended may still count for a moment.
    """
    library = ctypes.CDLL(None, use_errno=True)
    for name, kind in NAMESPACES.items():
        with Path(f"/proc/{holder.pid}/ns/{name}").open() as namespace:
            if library.setns(namespace.fileno(), kind) != 0:
                reason = os.strerror(ctypes.get_errno())
                raise DevclusterError(f"the cluster's namespaces cannot be entered: {reason}")

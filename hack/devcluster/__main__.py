"""The command line: `PYTHONPATH=hack python3 -m devcluster up|down|status|build|load-image|env|...`.

Parses and prints; every decision lies elsewhere. Ends with one plain sentence where something is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from devcluster import build, images, packages
from devcluster.cluster import Cluster
from devcluster.controlplane import ControlPlane
from devcluster.errors import DevclusterError
from devcluster.layout import Layout
from devcluster.progress import clock_text
from devcluster.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT_BY_SUDO = ("SEGCOMPRESS_CACHE", "SEGCOMPRESS_NETWORK", "PYTHONPATH", "PATH", "PYTHONDONTWRITEBYTECODE")


def parser() -> argparse.ArgumentParser:
    """Return the grammar of the command line."""
    top = argparse.ArgumentParser(prog="devcluster", description="A local Kubernetes and object store.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="start what does not run yet").set_defaults(run=up)
    down_ = commands.add_parser("down", help="stop the cluster and leave nothing behind")
    down_.add_argument("--purge-state", action="store_true", help="delete its data too; built programs stay")
    down_.set_defaults(run=down)
    for name, run, text in (
        ("status", status, "tell what runs"),
        ("env", env, 'print shell exports for clients: eval "$(... env)"'),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--json", action="store_true", help="for programs")
        command.set_defaults(run=run)
    build_ = commands.add_parser("build", help="build missing programs")
    build_.add_argument("component", nargs="*", help=", ".join(target.name for target in TARGETS))
    build_.set_defaults(run=build_programs)
    browser_ = commands.add_parser("browser", help="install Debian's chromium, for the tests of the report")
    browser_.set_defaults(run=browser)
    load = commands.add_parser("load-image", help="load images from archive files into the cluster")
    load.add_argument("archive", nargs="+", type=Path)
    load.set_defaults(run=load_image)
    for name, run, text in (
        ("apiserver-up", apiserver_up, "start etcd and kube-apiserver alone"),
        ("apiserver-down", apiserver_down, "stop those"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--dir", type=Path, required=True, help="folder of its state")
        command.set_defaults(run=run)
        if name == "apiserver-up":
            command.add_argument("--port", type=int, default=0, help="0 takes a free one")
    return top


def up(_: argparse.Namespace) -> int:
    """Start the cluster."""
    cluster = Cluster(os.environ)
    cluster.check_machine()
    build.ensure(cluster.layout)  # as the user, so that the Go caches stay the user's
    become_root()
    cluster.up()
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop the cluster."""
    become_root()
    return 0 if Cluster(os.environ).down(purge_state=arguments.purge_state) else 1


def status(arguments: argparse.Namespace) -> int:
    """Print one line a component; exit code 1 where something does not run."""
    found = Cluster(os.environ).status()
    print(json.dumps(found, indent=2) if arguments.json else status_text(found, time.time()))
    components, node = found["components"], found["node"]
    assert isinstance(components, list)  # noqa: S101 - as status() made them
    assert isinstance(node, dict)  # noqa: S101
    return 0 if node["ready"] and all(component["pid"] for component in components) else 1


def status_text(found: dict[str, object], now: float) -> str:
    """Return the status for a person."""
    components, node = found["components"], found["node"]
    assert isinstance(components, list)  # noqa: S101
    assert isinstance(node, dict)  # noqa: S101
    lines = []
    for component in components:
        pid, since = component["pid"], component["since"]
        state = f"pid {pid}, up {clock_text(now - since)}" if pid else "not running"
        lines.append(f"{component['name']:24} {state}")
    lines.append(
        f"{'node ' + node['name']:24} {'Ready' if node['ready'] else 'not ready: ' + node['reason']}"
    )
    labels = (
        ("API server", "apiServer"),
        ("object store", "objectStore"),
        ("kubeconfig", "kubeconfig"),
        ("audit log", "auditLog"),
    )
    return "\n".join([*lines, *(f"{label:24} {found[key]}" for label, key in labels)])


def env(arguments: argparse.Namespace) -> int:
    """Print the variables under which clients find everything."""
    variables = Cluster(os.environ).environment()
    if arguments.json:
        print(json.dumps(variables, indent=2))
    else:
        print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items()))
    return 0


def build_programs(arguments: argparse.Namespace) -> int:
    """Build missing programs."""
    build.ensure(Layout.from_environment(os.environ), arguments.component)
    return 0


def browser(_: argparse.Namespace) -> int:
    """Install chromium where it is missing."""
    if packages.missing_needs(packages.BROWSER):
        become_root()
        packages.install_missing(packages.BROWSER)
    return 0


def load_image(arguments: argparse.Namespace) -> int:
    """Import image archives."""
    become_root()
    cluster = Cluster(os.environ)
    socket = cluster.containerd_socket()
    for archive in arguments.archive:
        images.load(cluster.layout, socket, archive)
    return 0


def apiserver_up(arguments: argparse.Namespace) -> int:
    """Start a bare control plane that outlives this command, and print its kubeconfig's path."""
    plane = ControlPlane(arguments.dir, arguments.port, tied=False)
    plane.start()
    print(plane.kubeconfig)
    return 0


def apiserver_down(arguments: argparse.Namespace) -> int:
    """Stop a bare control plane."""
    ControlPlane(arguments.dir).stop()
    return 0


def become_root() -> None:
    """Go on as root through sudo where we are not; the environment that matters is kept."""
    if os.geteuid() == 0:
        return
    kept = {name: os.environ[name] for name in KEPT_BY_SUDO if name in os.environ}
    kept["SEGCOMPRESS_CACHE"] = str(Layout.from_environment(os.environ).cache)
    assignments = [f"{name}={value}" for name, value in kept.items()]
    os.execvp("sudo", ["sudo", "env", *assignments, sys.executable, "-m", "devcluster", *sys.argv[1:]])  # noqa: S606


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors of the user's world end in one sentence and exit code 1."""
    arguments = parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return command(arguments)
    except DevclusterError as error:
        print(f"devcluster: {error}", file=sys.stderr)
    except BrokenPipeError:  # the reader, such as `head`, had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("devcluster: interrupted", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

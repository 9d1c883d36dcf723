"""The commands of `segcompress` for a cluster: what `segcompress.client` does, for people at a terminal.

    segcompress submit FILE [--wait [--timeout 2h]]
    segcompress list [--sweeps] [-A] [-l SELECTOR]
    segcompress wait [--sweep] NAME [--timeout 2h]
    segcompress logs NAME [-f]
    segcompress fetch NAME [--what model|report|all] [-o DIR]
    segcompress compare NAME... | --sweep SWEEP

Each takes -n NAMESPACE and --context CONTEXT. The arguments are defined here; the libraries that the commands
need are imported once one of them runs.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

_Add = Callable[..., argparse.ArgumentParser]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def add_commands(add: _Add) -> None:
    """Add every command by `add`, argparse's add_parser."""
    _add_submit(add)
    _add_list(add)
    _add_wait(add)
    _add_logs(add)
    _add_fetch(add)
    _add_compare(add)


def _add_submit(add: _Add) -> None:
    submit = _command(add, "submit", "submit a job or a sweep to a cluster")
    submit.add_argument("file", type=Path, metavar="FILE", help="YAML of a job or a sweep")
    submit.add_argument("--wait", action="store_true", help="wait until it has finished, as `wait` does")
    _add_timeout(submit)

    def act(options: argparse.Namespace) -> int:
        if options.timeout is not None and not options.wait:
            submit.error("argument --timeout: has no effect without --wait")
        return _act(options)

    submit.set_defaults(act=act)


def _add_list(add: _Add) -> None:
    listed = _command(add, "list", "list the jobs or the sweeps of a namespace")
    listed.add_argument("--sweeps", action="store_true", help="list sweeps instead of jobs")
    listed.add_argument("-A", "--all-namespaces", action="store_true", help="list those in all namespaces")
    listed.add_argument(
        "-l", "--selector", metavar="LABELS", help="only those with these labels, such as team=vision"
    )


def _add_wait(add: _Add) -> None:
    wait = _command(add, "wait", "wait until a job or a sweep has finished, and show its progress")
    wait.add_argument("name", metavar="NAME", help="name of the job, or of the sweep with --sweep")
    wait.add_argument("--sweep", action="store_true", help="NAME is a sweep")
    _add_timeout(wait)


def _add_logs(add: _Add) -> None:
    logs = _command(add, "logs", "print the log of a job's newest pod")
    logs.add_argument("name", metavar="NAME", help="name of the job")
    logs.add_argument(
        "-f", "--follow", action="store_true", help="wait for a pod, and continue until the job has finished"
    )


def _add_fetch(add: _Add) -> None:
    fetch = _command(add, "fetch", "fetch what a job published, each file checked by its SHA-256")
    fetch.add_argument("name", metavar="NAME", help="name of the job")
    fetch.add_argument(
        "--what", choices=["model", "report", "all"], default="all", help="which files; by default all"
    )
    fetch.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="folder for the files; by default named after the job",
    )


def _add_compare(add: _Add) -> None:
    compare = _command(add, "compare", "compare what jobs or the trials of a sweep measured")
    named = compare.add_mutually_exclusive_group(required=True)
    named.add_argument("names", metavar="NAME", nargs="*", default=[], help="names of the jobs")
    named.add_argument("--sweep", metavar="SWEEP", help="compare the trials of a sweep")


def _add_timeout(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout", type=duration, metavar="TIME", help="give up after 90s, 30m, 2h or 1d; by default never"
    )


def _command(add: _Add, name: str, summary: str) -> argparse.ArgumentParser:
    command = add(name, help=summary)
    command.add_argument("-n", "--namespace", help="default: the namespace of the kubeconfig's context")
    command.add_argument("--context", help="context of the kubeconfig; default: the current one")
    command.set_defaults(act=_act)
    return command


def duration(text: str) -> float:
    """Return the seconds in 90, 90s, 30m, 2h or 1d."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if found is None or not float(found[1]):
        raise argparse.ArgumentTypeError(f"must be a time such as 90s, 30m, 2h or 1d, got {text!r}")
    return float(found[1]) * _UNITS[found[2]]


def _act(options: argparse.Namespace) -> int:
    from segcompress.commands import border

    return border.run(options)

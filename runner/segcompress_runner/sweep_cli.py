"""Command lines of `segcompress promote` and `sweep-report`; what they need is imported when they run."""

import argparse
from collections.abc import Callable

from segcompress_api.contract import ExitCode
from segcompress_runner.arguments import file_to_write
from segcompress_runner.stopping import StopFlag

Add = Callable[..., argparse.ArgumentParser]


def add_parsers(add: Add) -> None:
    """Add both to the commands."""
    _add_promote(add)
    _add_sweep_report(add)


def _add_promote(add: Add) -> None:
    promote = add("promote", help="copy a finished run's model to a fixed address")
    promote.add_argument(
        "result",
        metavar="RESULT",
        help="manifest.json of a finished run, or its folder: s3://, file:// or a path",
    )
    promote.add_argument("to", metavar="TO", help="folder of the promoted model: s3://, file:// or a path")
    promote.add_argument(
        "--sha256", metavar="DIGEST", help="expected digest of RESULT, from status.artifacts.manifest.sha256"
    )
    promote.add_argument("--even-rejected", action="store_true", help="promote a model that missed a gate")


def _add_sweep_report(add: Add) -> None:
    report = add("sweep-report", help="show which model of a sweep to ship, and write its report")
    report.add_argument("name", metavar="NAME", help="name of a SegCompressionSweep")
    report.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="read the output of `kubectl get scs,scj -o json`, - for stdin, instead of running kubectl",
    )
    report.add_argument("-n", "--namespace", help="namespace of the sweep; default: that of kubectl")
    report.add_argument("--context", help="context of the kubeconfig; default: the current one")
    report.add_argument(
        "-o", "--output", type=file_to_write, metavar="FILE", help="where to write the report"
    )
    report.add_argument(
        "--reports", action="store_true", help="fetch the trials' own reports too, into a folder beside FILE"
    )
    report.add_argument(
        "--upload",
        action="store_true",
        help="put the report into the bucket, below the template's output.uri",
    )
    report.set_defaults(refuse=report.error)


def _promote(options: argparse.Namespace, _: StopFlag) -> ExitCode:
    from segcompress_runner import promote_command

    return promote_command.run(
        options.result, options.to, options.sha256, even_rejected=options.even_rejected
    )


def _sweep_report(options: argparse.Namespace, _: StopFlag) -> ExitCode:
    if options.output is None and (options.reports or not options.upload):
        options.refuse("argument -o: is required unless only --upload is given")
    from segcompress_runner import sweep_report_command as command

    source = command.Source(options.source, options.namespace, options.context)
    target = command.Target(options.output, with_reports=options.reports, upload=options.upload)
    return command.run(options.name, source, target)


COMMANDS: dict[str, Callable[[argparse.Namespace, StopFlag], ExitCode]] = {
    "promote": _promote,
    "sweep-report": _sweep_report,
}

"""`segcompress` without a cluster: the same job, the same pipeline.

    segcompress run job.yaml [--output DIR] [--device cpu|gpu] [--work DIR]
    segcompress validate job.yaml [--json] [--spec-only]
    segcompress report RESULT [-o report.html]
    segcompress promote RESULT TO [--sha256 DIGEST]
    segcompress sweep-report NAME [--from FILE] [-o report.html] [--reports] [--upload]
    segcompress export --format paddle-lite MODEL -o FILE.nb [--python PYTHON]

Addresses are s3:// (S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY [, AWS_REGION, AWS_SESSION_TOKEN,
AWS_CA_BUNDLE]), file:///absolute or file://./relative to the YAML. Results go below output.uri as a cluster
puts them, or with --output all into one folder: the model, manifest.json and result.json side by side.
"""

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

from segcompress_api.contract import ExitCode, RunResult
from segcompress_api.job import SegCompressionJob
from segcompress_runner import pipes, sweep_cli
from segcompress_runner.arguments import file_to_write, folder_to_fill
from segcompress_runner.endings import exit_code, failure, one_line
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.extras import missing_extra
from segcompress_runner.interrupts import INTERRUPTED, Interrupt
from segcompress_runner.job_file import read_job
from segcompress_runner.processor import this_processor
from segcompress_runner.provenance import RUNNER_VERSION, installed
from segcompress_runner.stopping import StopFlag
from segcompress_runner.storage import Address, local_stores
from segcompress_runner.threads import set_threads

_Add = Callable[..., argparse.ArgumentParser]

_RESULT = "manifest.json of a finished run, or its folder: s3://, file:// or a path"


def main(
    arguments: Sequence[str] | None = None,
    interrupt: Interrupt | None = None,
    add_more: Callable[[_Add], None] = lambda _: None,
) -> int:
    """Parse the command line, run, and return the exit code; raises what came of an interrupt.

    `add_more` adds commands of others; each parser's default `act` takes the options and returns the code.
    """
    options = _parser(add_more).parse_args(arguments)
    stop = StopFlag()
    try:
        if options.command in _COMMANDS:
            return int(_COMMANDS[options.command](options, stop))
        return int(options.act(options))
    except Exception as error:  # the border: everything becomes one line and a code
        if isinstance(error, BrokenPipeError) and options.command in _TELL_LAST:
            pipes.let_go()
            return int(ExitCode.SUCCEEDED)
        if interrupt is not None and interrupt.came:
            raise  # a library made something else of it
        return _stopped() if stop.interrupted else _report(error, options.command)


def _parser(add_more: Callable[[_Add], None]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segcompress",
        description="Compress segmentation models with PaddleSlim ACT, here or on a cluster.",
        epilog="Exit codes: 0 succeeded, 1 crashed, 2 wrong command line, 3 invalid job or input, 4 a gate "
        "was missed, 5 stopped by SIGTERM, 6 object store unreachable, 130 stopped by Ctrl-C. The commands "
        "from submit to compare use only 0, 1, 2 and 130.",
    )
    parser.add_argument("--version", action="version", version=f"segcompress {RUNNER_VERSION}")
    add = _described(parser.add_subparsers(dest="command", required=True).add_parser)
    _add_run(add)
    _add_validate(add)
    _add_report(add)
    _add_export(add)
    sweep_cli.add_parsers(add)
    add_more(add)
    return parser


def _described(add: _Add) -> _Add:
    """Return `add`; a command's own help then begins with what the list of commands says of it."""

    def described(name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002 - argparse's name
        return add(name, help=help, description=f"{help[0].upper()}{help[1:]}.")

    return described


def _add_run(add: _Add) -> None:
    run = add("run", help="run a job without a cluster")
    run.add_argument("job", type=Path, metavar="JOB", help="YAML of a SegCompressionJob")
    run.add_argument(
        "--output", type=folder_to_fill, metavar="DIR", help="folder for all results, instead of output.uri"
    )
    run.add_argument("--device", choices=["cpu", "gpu"], help="instead of spec.runtime.device")
    run.add_argument(
        "--work", type=folder_to_fill, metavar="DIR", help="scratch folder; keeps fetched inputs between runs"
    )


def _add_validate(add: _Add) -> None:
    validate = add(
        "validate",
        help="report all errors in a job or sweep and its inputs, in about a minute, without a GPU",
    )
    validate.add_argument("job", type=Path, metavar="FILE", help="YAML of a job or a sweep")
    validate.add_argument("--json", action="store_true", help="print findings and figures as JSON")
    validate.add_argument(
        "--spec-only", action="store_true", help="check the YAML without reading its inputs"
    )


def _add_report(add: _Add) -> None:
    report = add("report", help="show what a finished run measured, and fetch its report")
    report.add_argument("result", metavar="RESULT", help=_RESULT)
    report.add_argument(
        "-o",
        "--output",
        type=file_to_write,
        metavar="FILE",
        help="where to put the report; by default a local one stays where it is, and another becomes "
        "report.html here",
    )


def _add_export(add: _Add) -> None:
    export = add("export", help="convert a model for phones, and evaluate it")
    export.add_argument("model", metavar="MODEL", help=f"{_RESULT}; or a folder with model.pdmodel")
    export.add_argument("--format", choices=["paddle-lite"], required=True, help="target format")
    export.add_argument(
        "-o", "--output", type=file_to_write, metavar="FILE.nb", required=True, help="file to write"
    )
    export.add_argument(
        "--python", help="Python 3.10 for Paddle-Lite, as a path or a uv request; default: uv finds one"
    )


def _validate(options: argparse.Namespace, _: StopFlag) -> ExitCode:
    threads = set_threads(os.environ)
    from segcompress_runner import validate_command

    with tempfile.TemporaryDirectory(prefix="segcompress-") as work:
        return validate_command.run(
            options.job, Path(work), threads, spec_only=options.spec_only, as_json=options.json
        )


def _report_of(options: argparse.Namespace, _: StopFlag) -> ExitCode:
    from segcompress_runner import report_command

    return report_command.run(options.result, options.output)


def _export(options: argparse.Namespace, _: StopFlag) -> ExitCode:
    threads = set_threads(os.environ)
    from segcompress_runner import export_command

    with tempfile.TemporaryDirectory(prefix="segcompress-") as work:
        return export_command.run(options.model, options.output, options.python, Path(work), threads)


def _run(options: argparse.Namespace, stop: StopFlag) -> ExitCode:
    job = read_job(options.job)
    stop.listen(signal.SIGTERM, signal.SIGINT)
    threads = set_threads(os.environ)
    work, is_ours = _work_folder(options.work)
    try:
        result = _piped(job, options, work, stop, threads)
    finally:
        if is_ours:
            shutil.rmtree(work, ignore_errors=True)
    code = exit_code(result)
    if code != ExitCode.SUCCEEDED:
        print(f"error: {result.reason}: {result.message}", file=sys.stderr)
    return code


def _piped(
    job: SegCompressionJob, options: argparse.Namespace, work: Path, stop: StopFlag, threads: int
) -> RunResult:
    from rich.console import Console

    from segcompress_runner.outputs.output_folder import held
    from segcompress_runner.pipeline import Request, Surroundings, run
    from segcompress_runner.terminal import print_result, progress_for

    progress, shown = progress_for(Console(stderr=True))
    storage = local_stores(os.environ, stop=stop, note=progress.note)
    device = _device(job, options.device)
    request = Request(
        spec=job.spec,
        attempt=f"local-{secrets.token_hex(4)}",
        threads=threads,
        device=device,
        processor=this_processor(device),
        software=installed((*job.spec.benchmark.runtimes, *job.spec.exports)),
        output=_output(options.output),
    )
    try:
        with nullcontext() if options.output is None else held(options.output.resolve()):
            result = run(request, Surroundings(storage, work, progress, stop))
    finally:
        shown.finish()
    console = Console()
    if exit_code(result) == ExitCode.SUCCEEDED:
        console.print(f"{result.reason}: {result.message}", markup=False, highlight=False, soft_wrap=True)
    print_result(console, result)
    return result


def _device(job: SegCompressionJob, asked: str | None) -> Literal["CPU", "GPU"]:
    if asked is None:
        return job.spec.runtime.device
    return "GPU" if asked == "gpu" else "CPU"


def _output(folder: Path | None) -> Address | None:
    return None if folder is None else Address("file", "", str(folder.resolve()))


def _work_folder(asked: Path | None) -> tuple[Path, bool]:
    """Return the scratch folder, and whether it is ours to remove."""
    if asked is None:
        return Path(tempfile.mkdtemp(prefix="segcompress-")), True
    try:
        asked.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSettingError(f"--work: {asked} cannot be made ({error.strerror})") from None
    return asked.resolve(), False


def _report(error: Exception, command: str) -> int:
    if message := missing_extra(error, command):
        print(f"error: {message}", file=sys.stderr)
        return int(ExitCode.CRASHED)
    result, code = failure(error)
    if code == ExitCode.CRASHED:
        traceback.print_exception(error)
    print(f"error: {one_line(error) if code != ExitCode.CRASHED else result.message}", file=sys.stderr)
    return int(code)


def _stopped() -> int:
    print("error: stopped before the result was published", file=sys.stderr)
    return INTERRUPTED


_COMMANDS = {
    "run": _run,
    "validate": _validate,
    "report": _report_of,
    "export": _export,
    **sweep_cli.COMMANDS,
}

_TELL_LAST = {"report", *sweep_cli.COMMANDS}
"""Commands that print what they did once it is done."""

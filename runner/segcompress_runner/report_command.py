"""`segcompress report`: the figures and the report of a run that is over, without running anything."""

import os
import shutil
import tempfile
from pathlib import Path

from segcompress_api.contract import ExitCode
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.outputs.file_names import REPORT
from segcompress_runner.outputs.published import find_published, result_address
from segcompress_runner.outputs.run_results import as_measured, run_result
from segcompress_runner.storage import local_stores
from segcompress_runner.storage.local import sha256_of


def run(result: str, output: Path | None) -> ExitCode:
    """Print what was measured, and leave the report that was published at `output`.

    Without one the report of a local run stays where it is, and another becomes report.html here.
    """
    from rich.console import Console

    from segcompress_runner.terminal import print_plain, print_result

    storage, address = local_stores(os.environ), result_address(result)
    published = find_published(storage, address)
    with tempfile.TemporaryDirectory(prefix="segcompress-") as folder:
        (report,) = published.fetch(storage, (REPORT,), Path(folder))
        if output is not None or address.scheme != "file":
            report = _copied(report, output)
    console, manifest = Console(), published.manifest
    told = run_result(manifest, published.stored, published.place, as_measured(manifest))
    print_plain(console, f"{told.reason}: {told.message}")
    print_result(console, told)
    print_plain(console, f"report:   {report}")
    return ExitCode.SUCCEEDED


def _copied(report: Path, output: Path | None) -> Path:
    to = output or Path(REPORT)
    if output is None and to.exists() and sha256_of(to) != sha256_of(report):
        raise InvalidSettingError(f"{to}: already exists with other content; choose another file with -o")
    if not (to.exists() and to.samefile(report)):
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(report, to)
    return to

"""`segcompress sweep-report`: which model of a sweep to ship, as one page.

The operator cannot write into the bucket, and a sweep has no pod of its own: the page is written on the
user's machine, with the user's own access to the cluster and the bucket.
"""

import hashlib
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from segcompress_api.contract import ExitCode
from segcompress_api.naming import label_value
from segcompress_api.status import Artifact
from segcompress_api.sweep import SWEEP_NAME_LABEL
from segcompress_runner import kubectl
from segcompress_runner.endings import one_line
from segcompress_runner.errors import (
    InputNotFoundError,
    InvalidInputError,
    InvalidSettingError,
    StorageAccessDeniedError,
)
from segcompress_runner.outputs.html.sweep import wording
from segcompress_runner.outputs.html.sweep.page import render_sweep
from segcompress_runner.outputs.sweep.links import bucket_links, place_of
from segcompress_runner.outputs.sweep.reading import REMEDY, read_sweep
from segcompress_runner.outputs.sweep.swept import Swept
from segcompress_runner.storage import Storage, local_stores, parse_address

_LIMIT = 2**26
"""Maximum size of a trial's report in bytes."""

_AT_ONCE = 8


@dataclass(frozen=True)
class Source:
    """Where the sweep is read from: a file ("-" is stdin), or else a cluster."""

    file: str | None = None
    namespace: str | None = None
    context: str | None = None


@dataclass(frozen=True)
class Target:
    """Where the page goes: into a file, the trials' reports beside it or not, and into the bucket."""

    file: Path | None
    with_reports: bool
    upload: bool


def run(name: str, source: Source, target: Target) -> ExitCode:
    """Write the page of the sweep `name`, and print which trial to ship."""
    swept = _read(name, source)
    storage = local_stores(os.environ)
    told = wording.verdict(swept)
    lines = [" ".join(filter(None, (f"{told.headline}: {told.sentence}", told.note)))]
    if target.file is not None:
        links = _fetched(storage, swept, target.file) if target.with_reports else {}
        _write(target.file, render_sweep(swept, links).encode())
        lines.append(f"report:   {target.file}")
    if target.upload:
        place = place_of(swept)
        storage.write(place, render_sweep(swept, bucket_links(swept, place)).encode())
        lines.append(f"report:   {place}")
    print("\n".join(lines))
    return ExitCode.SUCCEEDED


def _write(file: Path, page: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page)
    except OSError as error:
        raise InvalidSettingError(f"-o: {file} cannot be written ({error.strerror})") from None


def _read(name: str, source: Source) -> Swept:
    if source.file is None:
        sweep = kubectl.get(["scs", name], source.namespace, source.context)
        trials = ["scj", "--selector", f"{SWEEP_NAME_LABEL}={label_value(name)}"]
        text = sweep + kubectl.get(trials, source.namespace, source.context)
        return read_sweep(text, "kubectl", name)
    origin = "stdin" if source.file == "-" else source.file
    return read_sweep(_printed(source.file), origin, name, source.namespace)


def _printed(file: str) -> str:
    """Return what kubectl printed into a file, or to stdin ("-")."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise InputNotFoundError(f"--from: {file} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"--from: {file} must be JSON, but is not UTF-8 text; {REMEDY}") from None


def _fetched(storage: Storage, swept: Swept, page: Path) -> Mapping[int, str]:
    """Fetch the trials' reports into a folder beside the page; return links to them, by index.

    A report that is missing or damaged is skipped with a note. An object store that is unreachable or not
    configured ends the command: each of thousands of reports would fail.
    """
    folder = page.with_name(f"{page.stem}-trials")
    pool, links = ThreadPoolExecutor(_AT_ONCE), {}
    try:
        brought = [
            (one.trial, pool.submit(_bring, storage, one.report, folder / f"{one.trial.name}.html"))
            for one in swept.trials
            if one.report
        ]
        for trial, future in brought:
            try:
                future.result()
            except (InputNotFoundError, InvalidInputError, StorageAccessDeniedError) as error:
                print(f"note: trial {trial.index}: {one_line(error)}", file=sys.stderr)
            else:
                links[trial.index] = f"./{quote(folder.name)}/{quote(trial.name)}.html"
    finally:
        pool.shutdown(cancel_futures=True)
    return links


def _bring(storage: Storage, report: Artifact, to: Path) -> None:
    content = storage.read(parse_address(report.uri, "status.artifacts.report.uri"), _LIMIT)
    if report.sha256 is not None and hashlib.sha256(content).hexdigest() != report.sha256:
        raise InvalidInputError(f"{report.uri}: does not match its published SHA-256")
    _write(to, content)

"""What was built, kept in refs.json beside the archives for whoever deploys the images.

{"operator": {"reference": "localhost/segcompress/operator:dev-…", "archive": "/…/operator.tar", …}, …}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """One image as it was built last; `size_bytes` is the archive's."""

    reference: str
    archive: str
    digest: str
    engine: str
    size_bytes: int


def read_records(path: Path) -> dict[str, Record]:
    """Return the records by image name; a file that cannot be read counts as none."""
    try:
        return {
            name: Record(**fields) for name, fields in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_record(path: Path, name: str, record: Record) -> None:
    """Put one record into the file, whole or not at all."""
    records = {**read_records(path), name: record}
    text = json.dumps({key: asdict(value) for key, value in sorted(records.items())}, indent=2)
    beside = path.with_suffix(".new")
    beside.write_text(f"{text}\n", encoding="utf-8")
    beside.replace(path)


def is_current(record: Record | None, wanted: Record) -> bool:
    """Say whether what was built is what is wanted and still lies there whole."""
    if record is None or (record.reference, record.digest) != (wanted.reference, wanted.digest):
        return False
    archive = Path(record.archive)
    return (
        archive == Path(wanted.archive) and archive.is_file() and archive.stat().st_size == record.size_bytes
    )

"""The command line of the object store (MinIO), and its keys.

Pure but for drawing random keys. The console is off and the server listens on the one address it is given.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from devcluster.certs import write_private
from devcluster.probes import HttpProbe
from devcluster.processes import Program

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class StoreKeys:
    """Access key and secret key of the object store's owner."""

    access_key: str
    secret_key: str


def load_or_draw_keys(path: Path) -> StoreKeys:
    """Return the stored keys, drawing and storing random ones where there are none."""
    if path.exists():
        return StoreKeys(**json.loads(path.read_text()))
    keys = StoreKeys(secrets.token_hex(10), secrets.token_hex(20))
    write_private(path, json.dumps(asdict(keys)))
    return keys


def minio(programs: Path, data: Path, address: str, keys: StoreKeys) -> Program:
    """Return MinIO over one folder; `address` is host:port."""
    return Program(
        name="minio",
        argv=(
            str(programs / "minio"),
            "server",
            "--quiet",
            f"--address={address}",
            f"--certs-dir={data.parent / 'minio-certs'}",
            str(data),
        ),
        probe=HttpProbe(f"http://{address}/minio/health/ready"),
        environment={
            "MINIO_ROOT_USER": keys.access_key,
            "MINIO_ROOT_PASSWORD": keys.secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        },
    )

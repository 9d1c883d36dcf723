"""Bytes by address: s3:// through minio (small objects through obstore), file:// beside it, one protocol.

The only package that imports minio and obstore. It decides nothing about runs: it fetches, stores, verifies,
and turns what a store answers into the runner's errors.
"""

from segcompress_runner.storage.address import Address, parse_address, safe_join
from segcompress_runner.storage.credentials import take_credentials
from segcompress_runner.storage.local import LocalStorage
from segcompress_runner.storage.protocol import Named, Stat, Storage, Tagged, read_for
from segcompress_runner.storage.s3 import S3Storage
from segcompress_runner.storage.settings import S3Settings, settings_from
from segcompress_runner.storage.stores import Stores, local_stores

__all__ = [
    "Address",
    "LocalStorage",
    "Named",
    "S3Settings",
    "S3Storage",
    "Stat",
    "Storage",
    "Stores",
    "Tagged",
    "local_stores",
    "parse_address",
    "read_for",
    "safe_join",
    "settings_from",
    "take_credentials",
]

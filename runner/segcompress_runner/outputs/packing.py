"""How large a file is once it is packed for a download: what zeros save, which a file keeps in full."""

import zlib
from pathlib import Path

_LEVEL = 9
_CHUNK = 2**20


def packed_bytes(file: Path) -> int:
    """Return the bytes that DEFLATE (RFC 1951, zlib's level 9; what gzip and zip use) makes of a file."""
    packer, count = zlib.compressobj(_LEVEL), 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            count += len(packer.compress(chunk))
    return count + len(packer.flush())

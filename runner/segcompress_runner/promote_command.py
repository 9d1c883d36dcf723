"""`segcompress promote`: copies a model and its manifest to a fixed address."""

import os
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from segcompress_api.contract import ExitCode
from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.outputs.manifests import MANIFEST
from segcompress_runner.outputs.promotion import Attempt, Promoted, promote
from segcompress_runner.outputs.published import Published, find_published, result_address
from segcompress_runner.storage import Address, local_stores


def run(result: str, to: str, sha256: str | None, *, even_rejected: bool) -> ExitCode:
    """Promote the result to the folder `to`, and print what is there now.

    `sha256` is the expected digest of its manifest. A model that missed a gate is refused unless
    `even_rejected` is set.
    """
    storage, target = local_stores(os.environ), _folder(to)
    published = find_published(storage, result_address(result))
    _check(published, sha256, even_rejected=even_rejected)
    with tempfile.TemporaryDirectory(prefix="segcompress-") as folder:
        attempt = Attempt(secrets.token_hex(8), datetime.now(UTC), Path(folder))
        _print(promote(storage, published, target, attempt))
    return ExitCode.SUCCEEDED


def _folder(to: str) -> Address:
    """Return the address that `to` means; RESULT may be a manifest's, and TO is easily taken for one too."""
    address = result_address(to, "TO")
    if address.split()[1] == MANIFEST:
        raise InvalidSettingError(f"TO: must be a folder, got {address}; write {address.split()[0]}/")
    return address


def _check(published: Published, sha256: str | None, *, even_rejected: bool) -> None:
    manifest, stored = published.manifest, published.stored
    if sha256 is not None and stored.sha256 != sha256:
        raise InvalidInputError(
            f"{stored.address}: has the SHA-256 {stored.sha256}, but --sha256 is {sha256}; "
            "look up status.artifacts.manifest.sha256 again"
        )
    if not (manifest.accepted or even_rejected):
        raise InvalidSettingError(
            f"RESULT: {stored.address} missed a gate ({manifest.reason}: {manifest.message}); "
            "choose another model, or add --even-rejected"
        )


def _print(promoted: Promoted) -> None:
    from rich.console import Console

    from segcompress_runner.terminal import print_plain

    console, promotion = Console(), promoted.manifest.promotion
    if promotion is None:
        raise AssertionError("a promoted model says where it is from")
    print_plain(console, f"{'already promoted' if promoted.was_there else 'promoted'}: {promotion.source}")
    print_plain(console, f"manifest: {promoted.stored.address}")
    print_plain(console, f"sha256:   {promoted.stored.sha256}")
    if promotion.replaced is not None:
        print_plain(console, f"replaced: the model whose manifest had the SHA-256 {promotion.replaced}")

"""Links from a sweep's report to the reports of its trials: relative, so that a copied folder keeps them."""

import posixpath
from collections.abc import Mapping
from urllib.parse import quote

from segcompress_api.naming import short_hash
from segcompress_runner.errors import RunError
from segcompress_runner.outputs.file_names import REPORT
from segcompress_runner.outputs.sweep.swept import Swept
from segcompress_runner.storage import Address, parse_address


def place_of(swept: Swept) -> Address:
    """Return where the sweep's report goes in the bucket: below the template's output.uri."""
    output = parse_address(swept.spec.template.spec.output.uri, "spec.template.spec.output.uri")
    return output / f"sweeps/{swept.name}-{short_hash(swept.uid)}/{REPORT}"


def bucket_links(swept: Swept, page: Address) -> Mapping[int, str]:
    """Return links from `page` to the trials' reports in the same bucket, by the trials' index."""
    found = {}
    for one in swept.trials:
        address = None if one.report is None else _address(one.report.uri)
        if address is not None and (address.scheme, address.bucket) == (page.scheme, page.bucket):
            found[one.trial.index] = relative(address.path, page.split()[0].path)
    return found


def relative(path: str, folder: str) -> str:
    """Return a URL of `path` from a page in `folder`; it begins with a dot, and so names no scheme."""
    url = quote(posixpath.relpath(f"/{path.lstrip('/')}", f"/{folder.lstrip('/')}"))
    return url if url.startswith(".") else f"./{url}"


def _address(uri: str) -> Address | None:
    try:
        return parse_address(uri, "report")
    except RunError:
        return None

"""Endpoints at metadata services, in every spelling, and addresses that are not endpoints.

A cloud's metadata service hands out the node's credentials; the endpoint comes from a tenant's Secret.
"""

from collections.abc import Callable
from pathlib import Path

from hostile.inputs.case import Input, InputTheme
from segcompress_runner.storage import Address, S3Storage, settings_from
from segcompress_runner.storage.bulk import bulk_reader
from segcompress_runner.storage.connections import check_addresses

_REFUSED = "an address of link-local or metadata services, which is refused"
_NO_ENDPOINT = "S3_ENDPOINT (key endpoint of the storage Secret): "

_METADATA = {
    "in decimals": "169.254.169.254",
    "as one number": "2852039166",
    "as one number in hex": "0xA9FEA9FE",
    "as one number in octal": "025177524776",
    "in octal": "0251.0376.0251.0376",
    "in hex": "0xa9.0xfe.0xa9.0xfe",
    "mixed": "169.0xfe.0251.254",
    "of three parts": "169.254.43518",
    "of two parts": "169.16689662",
    "mapped into IPv6": "[::ffff:169.254.169.254]",
    "mapped into IPv6, in hex": "[::ffff:a9fe:a9fe]",
    "compatible with IPv6": "[::169.254.169.254]",
    "behind NAT64": "[64:ff9b::169.254.169.254]",
    "behind 6to4": "[2002:a9fe:a9fe::1]",
    "of AWS in IPv6": "[fd00:ec2::254]",
    "of AWS in IPv6, in full": "[fd00:0ec2:0000:0000:0000:0000:0000:0254]",
    "of EKS Pod Identity": "169.254.170.23",
    "of EKS Pod Identity in IPv6": "[fd00:ec2::23]",
    "of ECS": "169.254.170.2",
    "of Google Cloud in IPv6": "[fd20:ce::254]",
    "of Azure's wire server": "168.63.129.16",
    "of Azure's wire server, as one number": "2822734096",
    "of Alibaba Cloud": "100.100.100.200",
    "of Oracle Cloud": "192.0.0.192",
    "of OpenStack in IPv6": "[fe80::a9fe:a9fe]",
    "at the unspecified address": "0.0.0.0",  # noqa: S104 - refused, not bound
    "at the unspecified address, as one number": "0",
    "at the unspecified address in IPv6": "[::]",
    "at a multicast address": "224.0.0.1",
    "at a multicast address in IPv6": "[ff02::1]",
}
_SPELLINGS = {
    "a user before it": "http://minio@169.254.169.254",
    "a user and a fragment": "http://169.254.169.254#@minio",
    "a backslash": "http://169.254.169.254\\@minio",
    "a path": "http://169.254.169.254/latest/meta-data/",
    "a query": "http://169.254.169.254?x=1",
    "percent-encoded dots": "http://169%2e254%2e169%2e254",
    "ideographic dots": "http://169\u3002254\u3002169\u3002254",
    "circled digits": "http://\u2460\u2465\u2468.254.169.254",
    "a zero byte": "http://169.254.169.254%00.minio.example",
    "a zone": "http://[fe80::1%25eth0]",
    "a line break": "http://minio\r\nHost: 169.254.169.254",
    "a space": "http://minio 169.254.169.254",
    "no scheme": "169.254.169.254:80",
    "an empty scheme": "//169.254.169.254",
    "no host": "http://",
    "a file": "file:///var/run/secrets/kubernetes.io/serviceaccount/token",
    "a socket": "unix:///run/containerd/containerd.sock",
    "FTP": "ftp://169.254.169.254",
    "gopher": "gopher://169.254.169.254:80/_GET",
    "a port out of range": "http://minio:99999",
    "a port that is not a number": "http://minio:http",
    "a missing bracket": "http://[::ffff:169.254.169.254",
    "a script": "javascript:alert(1)",
}
_NAMES = {
    "metadata.google.internal": "169.254.169.254",
    "instance-data.ec2.internal": "fd00:ec2::254",
    "rebound.example": "::ffff:169.254.169.254",
}


def _settings(endpoint: str) -> dict[str, str]:
    return {"S3_ENDPOINT": endpoint, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def _asking(endpoint: str) -> Callable[[Path], object]:
    """Return a function that reads an object from the endpoint, as a run does first."""

    def ask(_: Path) -> object:
        storage = S3Storage(settings_from(_settings(endpoint)), patience_s=0.1, grace_s=0.1)
        return storage.read(Address("s3", "bucket", "latest"), 100)

    return ask


def _reading(endpoint: str) -> Callable[[Path], object]:
    """Return a function that prepares to read many objects from the endpoint."""
    return lambda _: bulk_reader(settings_from(_settings(endpoint)), "bucket", 0.1)


def _resolving(name: str, address: str) -> Callable[[Path], object]:
    return lambda _: check_addresses(name, ["10.0.0.7", address])


THEME = InputTheme(
    "Endpoints",
    "metadata services of clouds in every spelling, other schemes, hosts with more than a host",
    (
        *(Input(f"metadata {what}", _asking(f"http://{host}"), _REFUSED) for what, host in _METADATA.items()),
        *(
            Input(f"metadata {what}, many objects", _reading(f"https://{_METADATA[what]}:443"), _REFUSED)
            for what in ("in decimals", "as one number", "behind NAT64")
        ),
        *(
            Input(f"an endpoint with {what}", _asking(address), _NO_ENDPOINT)
            for what, address in _SPELLINGS.items()
        ),
        *(Input(f"{name} at {at}", _resolving(name, at), _REFUSED) for name, at in _NAMES.items()),
    ),
)

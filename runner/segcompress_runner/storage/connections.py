"""Connections to an endpoint that a tenant named: never to a metadata service, never along a redirect.

A cloud's metadata service hands out the node's credentials to whoever asks from the node. The address is
checked after resolution and again on the connected socket, so that a name that resolves differently the
second time gains nothing.
"""

import http.client
import io
import ipaddress
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from segcompress_runner.errors import InvalidSettingError

_CONNECT_S, _READ_S, _SHORTEST_S, _INSTANT_S = 5.0, 60.0, 0.1, 0.001
_METADATA = tuple(
    ipaddress.ip_network(network)
    for network in (
        "fd00:ec2::/32",  # AWS, IPv6: the instance's (::254) and EKS Pod Identity's (::23)
        "fd20:ce::254",  # Google Cloud, IPv6
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure's wire server
        "192.0.0.192",  # Oracle Cloud, older images
    )
)
_TRANSLATED = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96")))
"""IPv6 networks whose last 32 bits are an IPv4 address: NAT64 (RFC 6052), IPv4-compatible (RFC 4291)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one leads to, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _TRANSLATED) and int(address) > 1:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def check_addresses(host: str, addresses: Iterable[str]) -> None:
    """Raise InvalidSettingError where `host` has an address that no object store may have."""
    for text in addresses:
        address = _meant(ipaddress.ip_address(text.partition("%")[0]))
        if address.is_link_local or address.is_multicast or address.is_unspecified or _is_metadata(address):
            raise InvalidSettingError(
                f"S3_ENDPOINT (key endpoint of the storage Secret): {host} is at {address}, "
                "an address of link-local or metadata services, which is refused"
            )


def _is_metadata(address: Address) -> bool:
    return any(address in network for network in _METADATA if network.version == address.version)


def resolve(host: str, port: int | None) -> list[str]:
    """Return the addresses of `host`; none where its name does not resolve: connecting reports it better."""
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        return []


class _TimedReading(io.RawIOBase):
    """Reads what a socket receives; while `end` (time.monotonic, s) is set, waits for nothing beyond it."""

    def __init__(self, received: io.RawIOBase, sock: socket.socket) -> None:
        self._received = received
        self._socket = sock
        self.end: float | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Fill `buffer` with what came."""
        if self.end is not None:
            self._socket.settimeout(max(_INSTANT_S, self.end - time.monotonic()))
        return self._received.readinto(buffer)

    def close(self) -> None:
        """Give up the socket's file."""
        self._received.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose status and headers come within the socket's timeout as a whole.

    A socket's timeout bounds each read alone: a store that sends a byte now and then would hold a run.
    """

    def __init__(self, sock: socket.socket, *args: Any, **kw: Any) -> None:
        super().__init__(sock, *args, **kw)
        self._socket, self._timeout = sock, sock.gettimeout()
        self._reading = _TimedReading(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reading)

    def begin(self) -> None:
        """Read status and headers."""
        if self._timeout is None:
            super().begin()
            return
        self._reading.end = time.monotonic() + self._timeout
        super().begin()
        self._reading.end = None
        self._socket.settimeout(self._timeout)


class _GuardedHTTPConnection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _guarded(self, super()._new_conn)


class _GuardedHTTPSConnection(HTTPSConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _guarded(self, super()._new_conn)


def _guarded(connection: HTTPConnection, connect: Any) -> socket.socket:
    host = connection.host.strip("[]")
    check_addresses(host, resolve(host, connection.port))
    connected: socket.socket = connect()
    try:
        check_addresses(host, (str(connected.getpeername()[0]),))
    except InvalidSettingError:
        connected.close()
        raise
    return connected


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _GuardedHTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPSConnection


class GuardedPoolManager(urllib3.PoolManager):
    """A pool that neither retries nor follows redirects by itself."""

    def __init__(self, connections: int, ca_bundle: Path | None) -> None:
        context = ssl.create_default_context()
        if ca_bundle is not None:
            context.load_verify_locations(ca_bundle)
        super().__init__(
            maxsize=connections,
            retries=False,
            ssl_context=context,
        )
        self._end = threading.local()
        self.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    @contextmanager
    def until(self, end: float | None) -> Iterator[None]:
        """Let this thread's requests wait for nothing beyond `end` (time.monotonic, s), where it is given."""
        self._end.time = math.inf if end is None else end
        try:
            yield
        finally:
            del self._end.time

    def urlopen(  # type: ignore[override]  # narrower on purpose
        self,
        method: str,
        url: str,
        redirect: bool = True,  # noqa: FBT001, FBT002 - urllib3's signature
        **kw: Any,
    ) -> urllib3.BaseHTTPResponse:
        """Send one request, whatever the answer says about other places."""
        del redirect
        left = max(_SHORTEST_S, getattr(self._end, "time", math.inf) - time.monotonic())
        kw["timeout"] = urllib3.Timeout(connect=min(_CONNECT_S, left), read=min(_READ_S, left))
        return super().urlopen(method, url, redirect=False, **kw)

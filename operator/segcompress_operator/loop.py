"""The event loop: uvloop, with a remedy for file descriptors that it keeps.

A connection that is cancelled during its TLS handshake, as when the API server dies, may leave a transport
behind that claims its file descriptor for ever (https://github.com/MagicStack/uvloop/issues/653). The next
socket gets that number, and the next but one, too, once the first is closed: nothing connects any more.
"""

import errno
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


class Loop(uvloop.Loop):
    """Reports a claimed file descriptor as a failed connection, and leaves the descriptor open.

    So whoever connects tries again, with a socket of another number.
    """

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect; raises OSError."""
        try:
            await super().sock_connect(sock, address)
        except RuntimeError as error:
            sock.detach()
            raise OSError(errno.EBADF, str(error)) from error


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine to its end, and return its result."""
    return uvloop.run(main, loop_factory=Loop)

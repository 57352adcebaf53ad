"""What the servers of this package share: a socket, and an end to a server whose parent is gone."""

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgelab.errors import UserError

if TYPE_CHECKING:
    import uvicorn


class ServingError(UserError):
    """A port or an address that cannot be served on."""


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket on this port, 0 for a free one; on loopback unless another address of this machine is named.

    Raises:
        ServingError: the port is taken or forbidden, or the address is not this machine's.
    """
    # With the protocol named, asyncio sends small packets at once; without, each answer waits 40 ms for the next.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # now: until somebody listens, the port can be bound a second time
    except (OSError, OverflowError) as error:
        listening.close()
        raise ServingError(f"port {port}: cannot be served on: {getattr(error, 'strerror', None) or error}") from None
    return listening


def first_line(descriptor: int) -> bytes:
    """The first line of what a file descriptor gives, and not a byte more."""
    line = b""
    while not line.endswith(b"\n") and (more := os.read(descriptor, 1)):
        line += more
    return line


def end_with(life_line: int, server: "uvicorn.Server") -> None:
    """End the server when `life_line` (a file descriptor, the parent's end of a pipe) closes, or the parent is gone."""
    for watch in (_until_closed, _until_orphaned):
        threading.Thread(target=_end_after, args=(watch, life_line, server), daemon=True).start()


def _until_closed(life_line: int) -> None:
    while os.read(life_line, 1024):  # not sys.stdin: a thread that waits in it would block Python's own exit
        pass


def _until_orphaned(life_line: int) -> None:
    """The pipe stays open in what a killed parent had forked; the parent's id does not stay."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)


def _end_after(watch: Callable[[int], None], life_line: int, server: "uvicorn.Server") -> None:
    watch(life_line)
    server.should_exit = True
    time.sleep(3)
    os._exit(1)  # whatever it hangs in: nobody is left to ask

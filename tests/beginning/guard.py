"""What every Python process of the tests begins with, their children among them: no network but this machine's own, and a
warning of the course's own code is an error.

Python announces connections, datagrams and look-ups of names to an audit hook (PEP 578). What a library in C or Rust, Node or
Chromium does by itself is not announced: `tools/offline` cuts those off, too. The standard library alone is imported here.
"""

import contextlib
import errno
import os
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "EDGELAB_TESTS_TRIED"  # the file in which processes note what they tried; without it, all may
HERE = Path(__file__).parent
OWN = re.compile(r"(edgelab|tests|benchmarks|__main__)\b")  # modules
_begun = False


def begin() -> None:
    """From now on, in this process."""
    global _begun
    if not _begun:
        sys.addaudithook(_hook)  # it cannot be taken off again
    _begun = True


def strict() -> None:
    """Warnings that the course's own code causes are errors, from now on; pytest has its own list (pyproject.toml)."""
    warnings.filters.insert(0, ("error", None, Warning, OWN, 0))  # type: ignore[attr-defined]
    warnings._filters_mutated()  # type: ignore[attr-defined]


def _hook(event: str, arguments: tuple) -> None:
    if not event.startswith("socket.") or not os.environ.get(VARIABLE):
        return
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"):
        host, looks_up = arguments[0], True
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        opened, address = arguments
        if event == "socket.connect" and opened.type == 2:  # of datagrams: nothing is sent yet
            return
        host, looks_up = (address[0] if isinstance(address, tuple) and address else None), False
    else:
        return
    host = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if isinstance(host, str) and not _is_here(host, looks_up):  # a number: not the Internet's kind of socket
        _refuse(f"{event.removeprefix('socket.')} {host}")


def _is_here(host: str, looks_up: bool) -> bool:
    """Whether an address is this machine's, or, where names are looked up, none that is asked of anybody."""
    import ipaddress
    import socket

    if host in ("", "localhost", "<broadcast>") or host.lower() == socket.gethostname().lower():
        return host != "<broadcast>"
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if looks_up or address.is_loopback or address.is_unspecified:
        return True
    kind = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(kind, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.bind((host, 0))  # no other machine's can be bound to
        return True
    return False


def _refuse(what: str) -> None:
    """Note it, since whoever asked may take the error for a bad day of the network.

    Raises:
        OSError: always.
    """
    with open(os.environ[VARIABLE], "a", encoding="utf-8") as noted:
        noted.write(f"{what}\n")
    raise OSError(errno.ENETUNREACH, f"no network in the tests, but something tried: {what}")


def tried() -> list[str]:
    """What was tried since the last call, in this process and its children."""
    file = Path(os.environ[VARIABLE])
    if not file.stat().st_size:
        return []
    lines = file.read_text("utf-8").splitlines()
    os.truncate(file, 0)
    return lines


@contextlib.contextmanager
def network() -> Iterator[None]:
    """Within the block all may be reached, by children that begin there, too."""
    file = os.environ.pop(VARIABLE)
    try:
        yield
    finally:
        os.environ[VARIABLE] = file


def path_for_children(*before: Path) -> str:
    """A PYTHONPATH for a child of its own: these folders, and what makes it begin so."""
    return os.pathsep.join(map(str, (*before, HERE)))

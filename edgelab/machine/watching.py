"""A watch over a process: every file that it opens to write, every address that it connects to, every program it starts.

Python announces them to an audit hook (PEP 578), which cannot be taken off again: so what is watched is a process of its own,
`privacy.watching` starts it. The standard library alone is imported here: the hook is in place before anything else is loaded.
What a library in C, C++ or Rust does by itself is not announced.
"""

import json
import os
import sys
import tempfile
from typing import Any

VARIABLE = "EDGELAB_WATCH"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def begin() -> None:
    """Note everything from now on in the file that EDGELAB_WATCH names, one JSON list `[kind, target, module]` a line."""
    tempfile.gettempdir()  # it writes and deletes a file to see whether it may: before anybody watches
    noted = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        for kind, target in seen(event, arguments):
            line = json.dumps([kind, target, _asked_by()])
            os.write(noted, f"{line}\n".encode())  # one call a line: processes share the file

    sys.addaudithook(hook)


def seen(event: str, arguments: tuple[Any, ...]) -> list[tuple[str, str]]:
    """What an audit event says of writing, sending and starting: `write` and a path, `folder` and that of one that is made, or
    that takes a file without a name, `rename` and two paths with a NUL between, which none can hold, `send` and `host:port`, `lookup` and a
    host, `run` and a program."""
    if event == "open":
        return _opened(*arguments)
    if event == "os.mkdir":
        return [("folder", _path(arguments[0]))]
    if event in ("os.truncate", "sqlite3.connect"):
        return [("write", _path(arguments[0]))] if not isinstance(arguments[0], int) else []
    if event in ("os.link", "os.symlink"):
        return [("write", _path(arguments[1]))]
    if event == "os.rename":
        return [("rename", f"{_path(arguments[0])}\0{_path(arguments[1])}")]
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and len(address) >= 2:
            return [("send", f"{address[0]}:{address[1]}")]
        return [("send", str(address))] if address else []
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        return [("lookup", str(arguments[0]))] if arguments[0] else []
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        return [("run", str(os.fsdecode(arguments[0]) if arguments[0] else arguments[1][0]))]
    return []


def _opened(path: Any, _: Any, flags: int) -> list[tuple[str, str]]:
    if not isinstance(path, str | bytes | os.PathLike) or not flags & WRITING:
        return []
    # A folder that is opened to write takes a file without a name, which is gone when it is closed (`O_TMPFILE`).
    return [("folder" if os.path.isdir(path) else "write", _path(path))]


def _path(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))


def _asked_by() -> str:
    """The nearest module of the package that stands behind an event, but for this one; else that of the program."""
    frame, name = sys._getframe(1), ""
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("edgelab.") and name != __name__:
            return name
        frame = frame.f_back  # type: ignore[assignment]
    return name

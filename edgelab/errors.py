"""What a user can mend: the base of every error that a command tells in one line."""

import errno
import os
import tempfile
from pathlib import Path


class UserError(Exception):
    """Wrong input, or a machine that lacks something; the message says what was found and what was expected."""


NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
NO_WRITING = (*NO_ROOM, errno.EROFS, errno.EACCES, errno.EPERM)


def disk_is_full(error: BaseException) -> bool:
    """Whether that is why something could not be written. Libraries in Rust and C++ raise classes of their own, with
    the system's words in the message."""
    return getattr(error, "errno", None) in NO_ROOM or any(os.strerror(number) in str(error) for number in NO_ROOM)


def try_to_write(folder: Path) -> None:
    """An `OSError` where a folder takes no file, is full, or lies in a file system such as /proc: better known before
    hours of work than after."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
        probe.write(b"x")

"""What each of our own worker processes loads before its first task (dask's `preload`)."""

import logging
import os
import signal
import sys
from typing import Any


def dask_setup(worker: Any) -> None:
    """Ctrl-C is the command's to hear: it ends its workers itself. And of two processes' progress bars nobody can read
    one; what goes wrong in a task reaches the command by itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (for as long as the process runs)

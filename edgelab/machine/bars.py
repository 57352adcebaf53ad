"""Whether anybody sees a progress bar."""

import os
import sys

ASKED_FOR = "EDGELAB_SHOWS_BARS"  # set for a child process whose complaints its parent shows


def shows_bars() -> bool:
    """True on a terminal and in a notebook; elsewhere a bar would only fill a log with its hundred states."""
    seen = "ipykernel" in sys.modules or ASKED_FOR in os.environ
    return seen or (sys.stderr is not None and sys.stderr.isatty())

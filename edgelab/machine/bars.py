"""Whether anybody sees a progress bar."""

import sys


def shows_bars() -> bool:
    """True on a terminal and in a notebook; elsewhere a bar would only fill a log with its hundred states."""
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())

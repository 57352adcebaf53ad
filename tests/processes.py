"""How tests start the processes that they interrupt."""

import os
import signal

# Tests that run in the background of a shell ignore the interrupt, and so would what they start: `Popen(..., **HEEDING)`.
HEEDING = {} if os.name == "nt" else {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}

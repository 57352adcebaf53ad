"""EdgeLab: from a pretrained teacher to the smallest model that clears the bar, on your own machine.

Nothing happens at import, but for the line below: each module imports what it needs where it is used.
"""

import os

# Since 1.29 the published wheels of ONNX Runtime, and those of its generator, tell their maker by default which models are
# run, under a lasting name of the device. Nothing is to leave that nobody asked for: off, unless the user has set it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

"""EdgeLab: from a pretrained teacher to the smallest model that clears the bar, on your own machine.

Nothing happens at import: each module imports what it needs where it is used.
"""

__version__ = "0.1.0"

"""What outgrows a loop: sweeps over recipes, precisions, seeds and data; logs of any size, scored. On several processes, or on
the machines of a scheduler.

One function is called as its file is, and is imported from it: `sweeps.compare.compare`.
"""

from edgelab.sweeps.compare import Comparison, holm
from edgelab.sweeps.paper import latex_table, markdown_table

__all__ = ["Comparison", "holm", "latex_table", "markdown_table"]

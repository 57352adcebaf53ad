"""What outgrows a loop: sweeps over recipes, precisions, seeds and data; logs of any size, scored. On several processes, or on
the machines of a scheduler."""

from edgelab.sweeps.compare import Comparison, holm
from edgelab.sweeps.paper import latex_table, markdown_table

__all__ = ["Comparison", "holm", "latex_table", "markdown_table"]

"""`03_export`: one ONNX file, proof that it computes the same, and where its nodes run."""

from edgelab.export.graph import fix_input, fix_shapes, input_shape, operators, optimize
from edgelab.export.runtimes import RuntimeMissing, compare_runtimes, half_precision, open_runtimes

__all__ = [
    "RuntimeMissing",
    "compare_runtimes",
    "fix_input",
    "fix_shapes",
    "half_precision",
    "input_shape",
    "open_runtimes",
    "operators",
    "optimize",
]
